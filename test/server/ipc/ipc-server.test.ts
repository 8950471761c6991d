import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { Client, credentials, type ServiceError, status } from '@grpc/grpc-js';
import { describe, expect, it } from 'vitest';
import { Limits } from '../../../src/base/limits.ts';
import { ServiceRegistry } from '../../../src/protocol/grpc/service-method.ts';
import { FrameType } from '../../../src/protocol/http2/frame.ts';
import { IpcServer, type IpcServerOptions } from '../../../src/server/ipc/ipc-server.ts';
import { IpcSocketError } from '../../../src/server/ipc/ipc-socket-error.ts';
import { makeScratchFolder } from '../../filelock/scratch-folder.ts';
import { RecordedService } from '../../protocol/grpc/recorded-calls.ts';
import { LogLines } from '../log-lines.ts';
import { afterwards } from '../running-server.ts';
import { lockless } from '../services/service-port.ts';

/** One that asks for a password elsewhere. */
const PATH = '/test.Service/Watch';

async function open(options: Partial<IpcServerOptions> = {}) {
  const log = new LogLines();
  const path = `${makeScratchFolder()}/a.sock`;
  const service = new RecordedService(PATH, false);
  const server = await IpcServer.open({
    ...{ path, services: new ServiceRegistry([service]), engine: lockless, logger: log.logger },
    ...{ nowMs: () => performance.now(), keepaliveIntervalMs: 60_000, keepaliveTimeoutMs: 60_000 },
    ...options,
  });
  afterwards(() => server.destroy());
  return { log, path, service, server };
}

/** Calls the service, and tells how the call has ended: the reply, or the status and its text. */
function call(path: string, message: Buffer = Buffer.from('hello')): Promise<string> {
  const client = new Client(`unix:${path}`, credentials.createInsecure(), {
    'grpc.use_local_subchannel_pool': 1,
    'grpc.enable_retries': 0,
    'grpc.max_send_message_length': -1,
  });
  afterwards(() => client.close());
  const same = (bytes: Buffer): Buffer => bytes;
  return new Promise((resolve) => {
    client.makeUnaryRequest(PATH, same, same, message, (error: ServiceError | null, reply?: Buffer) => {
      resolve(error === null ? String(reply) : `${status[error.code]} ${error.details}`);
    });
  });
}

function dial(path: string): Socket {
  const socket = connect(path).on('error', () => {});
  afterwards(() => socket.destroy());
  return socket;
}

describe('the server on the operator’s socket', () => {
  it('says where it is, and answers whoever can open the socket, without a password', async () => {
    const { log, path, service } = await open();
    expect(log.lines).toMatchObject([{ level: 'INFO', msg: 'IPC server started', socket: path }]);
    const answer = call(path);
    await expect.poll(() => service.events, { timeout: 5_000 }).toContain('message hello');
    service.calls[0]!.send(Buffer.from('welcome'));
    service.calls[0]!.end(status.OK);
    expect(await answer).toBe('welcome');
    // No session of a client has begun.
    expect(log.lines).toHaveLength(1);
  });

  it('takes the longest message that there may be, and refuses one that is longer', async () => {
    const { path, service } = await open();
    const longest = Buffer.alloc(Limits.messageBytesMax);
    void call(path, longest);
    await expect
      .poll(() => service.events[0]?.length, { timeout: 5_000 })
      .toBe('message '.length + longest.length);
    const refusal = await call(path, Buffer.alloc(longest.length + 1));
    expect(refusal).toMatch(/^RESOURCE_EXHAUSTED /);
  });

  it('tells of peers that break the protocol or do not begin it, by the path of the socket', async () => {
    let skippedMs = 0;
    const { log, path } = await open({ nowMs: () => performance.now() + skippedMs, keepaliveTimeoutMs: 400 });
    const broken = dial(path);
    broken.write('SSH-2.0-OpenSSH_9.9\r\n'.repeat(3));
    await once(broken.resume(), 'close');
    expect(log.of('gRPC connection failed')).toMatchObject([{ remote_address: `unix:${path}` }]);
    const silent = dial(path);
    await once(silent, 'connect');
    skippedMs = Limits.handshakeMsMax + 1;
    await once(silent.resume(), 'close');
    expect(log.of('gRPC connection cut off')).toMatchObject([
      { remote_address: `unix:${path}`, reason: 'it does not begin HTTP/2' },
    ]);
  });

  it('asks those that are silent for a sign of life, when the options say', async () => {
    const { log, path } = await open({ keepaliveIntervalMs: 1_000, keepaliveTimeoutMs: 400 });
    const silent = dial(path);
    const types: number[] = [];
    // Each frame comes with its head in one piece: they are too short for more.
    silent.on('data', (bytes: Buffer) => {
      for (let at = 0; at < bytes.length; at += 9 + bytes.readUIntBE(at, 3)) types.push(bytes[at + 3]!);
    });
    silent.write('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0');
    await once(silent, 'close');
    expect(types).toContain(FrameType.Ping);
    expect(log.of('gRPC connection cut off')).toMatchObject([
      { reason: 'it does not answer keepalive pings' },
    ]);
  });

  it('accepts nothing more once it is closed, while calls that are there go on', async () => {
    const { path, service, server } = await open();
    const answer = call(path);
    await expect.poll(() => service.calls.length, { timeout: 5_000 }).toBe(1);
    server.close();
    expect(existsSync(path)).toBe(false);
    service.calls[0]!.send(Buffer.from('at last'));
    service.calls[0]!.end(status.OK);
    expect(await answer).toBe('at last');
    expect(await call(path)).toMatch(/^UNAVAILABLE /);
  });

  it('has drained when those who are there have their answers', async () => {
    const { path, service, server } = await open();
    const answer = call(path);
    await expect.poll(() => service.calls.length, { timeout: 5_000 }).toBe(1);
    let isDrained = false;
    const drained = server.drain().then(() => {
      isDrained = true;
    });
    await new Promise((resolve) => setImmediate(resolve));
    expect(isDrained).toBe(false);
    service.calls[0]!.send(Buffer.from('at last'));
    service.calls[0]!.end(status.OK);
    expect(await answer).toBe('at last');
    await drained;
  });

  it('answers what is in flight with UNAVAILABLE and the reason when that is all that can be said', async () => {
    const { path, service, server } = await open();
    const answer = call(path);
    await expect.poll(() => service.calls.length, { timeout: 5_000 }).toBe(1);
    server.failAll('a part is lost');
    expect(await answer).toBe('UNAVAILABLE a part is lost');
  });

  it('ends all connections at once when it is destroyed, and tells what it has only counted', async () => {
    const { log, path, server } = await open();
    for (let i = 0; i < 6; i++) {
      const broken = dial(path);
      broken.write('SSH-2.0-OpenSSH_9.9\r\n'.repeat(3));
      await once(broken.resume(), 'close');
    }
    const there = dial(path);
    await once(there, 'connect');
    server.destroy();
    await once(there.resume(), 'close');
    expect(existsSync(path)).toBe(false);
    expect(log.of('gRPC connection failed: more')).toMatchObject([{ count: 1 }]);
  });

  it('is none where another one has the socket, which goes on', async () => {
    const { log, path, service } = await open();
    await expect(open({ path, logger: log.logger })).rejects.toThrow(IpcSocketError);
    expect(log.of('IPC server started')).toHaveLength(1);
    service.onStart = (started) => started.end(status.ABORTED, 'here');
    expect(await call(path)).toBe('ABORTED here');
  });
});
