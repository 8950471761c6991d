import { createServer, type Socket } from 'node:net';
import { describe, expect, it, vi } from 'vitest';
import { Method } from '../../src/contract/method.ts';
import { ReplyForm } from '../../src/core/reply-form.ts';
import { InlineEngine } from '../../src/engine/inline-engine.ts';
import { ServiceRegistry } from '../../src/protocol/grpc/service-method.ts';
import { FrameFlag, FrameType } from '../../src/protocol/http2/frame.ts';
import { EngineListener, type MessageReplies } from '../../src/server/engine-listener.ts';
import { RandomKeySource } from '../../src/shard/key-source.ts';
import { loadCoder } from '../protocol/protobuf/ldlm-coder.ts';
import { LogLines } from './log-lines.ts';
import { RawPeer } from './raw-peer.ts';
import { request } from './raw-request.ts';
import { afterwards, connect } from './running-server.ts';
import { createConnections } from './services/service-port.ts';

const coder = loadCoder('TryLock');
const CORE = { keepOnSessionEnd: false, gcIntervalMs: 1e9, gcMinIdleMs: 1e9, tokenSeed: 1 };

/** Somebody who is told in bare messages, and writes them down. */
class Recipient implements MessageReplies {
  readonly heads: unknown[][] = [];
  readonly messages: Buffer[] = [];
  readonly rooms: number[] = [];

  reply(
    ...[shard, route, call, session, status, granted, bytes, start, end]: Parameters<MessageReplies['reply']>
  ) {
    this.heads.push([shard, route, call, session, status, granted]);
    this.messages.push(Buffer.from(bytes.subarray(start, end)));
  }

  roomAgain(shard: number): void {
    this.rooms.push(shard);
  }
}

/** An engine in this thread that tells its listener, and clients of gRPC that it has. */
async function open() {
  const log = new LogLines('debug');
  const { connections, sessions } = createConnections(new ServiceRegistry([]), '', { logger: log.logger });
  const alarms: unknown[][] = [];
  const listener = new EngineListener(connections, sessions, {
    failed: (...what) => alarms.push(['failed', ...what]),
    suspended: (...what) => alarms.push(['suspended', ...what]),
    locksLost: (...what) => alarms.push(['locksLost', ...what]),
  });
  const clock = { nowMs: () => 1_800_000_000_000 };
  const engine = new InlineEngine({ clock, keys: new RandomKeySource(), core: CORE }, listener);
  connections.attach(engine);
  const sockets: Socket[] = [];
  const door = createServer((socket) => {
    sockets.push(socket);
    connections.accept(socket);
  }).listen(0, '127.0.0.1');
  await new Promise((resolve) => door.once('listening', resolve));
  const timer = setInterval(() => engine.step(), 1);
  /** From now on the engine works only when it is told to. */
  const stand = (): void => clearInterval(timer);
  afterwards(() => {
    stand();
    connections.destroy();
    door.close();
  });
  const at = door.address();
  const address = `127.0.0.1:${at !== null && typeof at === 'object' ? at.port : 0}`;
  return { log, sessions, alarms, listener, engine, address, sockets, stand, client: connect(address) };
}

describe('a reply', () => {
  it('goes in frames to the connection whose call it answers', async () => {
    const { client } = await open();
    expect(await client.tryLock({ name: 'a' })).toMatchObject({ locked: true, name: 'a' });
  });

  it('leaves with the batch that it came in', async () => {
    const { engine, address, sockets, stand } = await open();
    const peer = await RawPeer.connect(address);
    afterwards(() => peer.socket.destroy());
    await peer.frame(({ type }) => type === FrameType.Settings);
    stand();
    const submit = vi.spyOn(engine, 'submit');
    request(peer, 1, 'TryLock', 'a');
    await expect.poll(() => submit.mock.calls.length, { timeout: 5_000 }).toBe(1);
    const [socket] = sockets;
    const writtenBytes = socket!.bytesWritten;
    engine.step();
    expect(socket!.bytesWritten).toBeGreaterThan(writtenBytes);
    await peer.frame(({ streamId, flags }) => streamId === 1 && (flags & FrameFlag.EndStream) !== 0);
  });

  it('goes as a bare message to those who are told in that form, and to nobody else', async () => {
    const { listener, engine } = await open();
    const [bare, looks] = [new Recipient(), new Recipient()];
    listener.attach(ReplyForm.Protobuf, bare);
    listener.attach(ReplyForm.Inspection, looks);
    const bytes = coder.requestSerialize({ name: 'a' });
    const submit = (form: ReplyForm, call: number) =>
      engine.submit(Method.TryLock, form, -7, call, 9, Number.POSITIVE_INFINITY, bytes, 0, bytes.length);
    submit(ReplyForm.Protobuf, 31);
    engine.flush();
    await expect.poll(() => bare.heads, { timeout: 5_000 }).toEqual([[0, -7, 31, 9, 0, true]]);
    expect(coder.responseDeserialize(bare.messages[0]!)).toMatchObject({ locked: true, name: 'a' });
    expect(looks.heads).toEqual([]);
  });

  it('is a message in all three of its parts, wherever it stands', async () => {
    const { listener } = await open();
    const looks = new Recipient();
    listener.attach(ReplyForm.Inspection, looks);
    const bytes = Buffer.from('..headdatatail..');
    listener.reply(3, 0, 5, 0, ReplyForm.Inspection, 2, false, bytes, 2, 4, 4, 4);
    expect(looks.heads).toEqual([[3, 0, 5, 0, 2, false]]);
    expect(looks.messages).toEqual([Buffer.from('headdatatail')]);
  });

  it('goes nowhere in a form that nobody is told in', async () => {
    const { listener } = await open();
    const bare = new Recipient();
    listener.attach(ReplyForm.Protobuf, bare);
    listener.reply(0, 0, 1, 0, ReplyForm.Inspection, 0, false, Buffer.alloc(3), 0, 1, 1, 1);
    expect(bare.heads).toEqual([]);
  });
});

describe('room in a shard', () => {
  it('is told to everybody who may wait for it, whatever they came in by', async () => {
    const { listener, engine, client } = await open();
    const recipients = [new Recipient(), new Recipient()] as const;
    listener.attach(ReplyForm.Protobuf, recipients[0]);
    listener.attach(ReplyForm.Inspection, recipients[1]);
    const submit = engine.submit.bind(engine);
    let refused = 0;
    engine.submit = () => {
      refused++;
      return -1;
    };
    const answer = client.tryLock({ name: 'a' });
    await expect.poll(() => refused, { timeout: 5_000 }).toBe(1);
    engine.submit = submit;
    listener.room(0);
    expect(await answer).toMatchObject({ locked: true });
    expect(recipients.map(({ rooms }) => rooms)).toEqual([[0], [0]]);
  });
});

describe('what a shard has to say', () => {
  it('is a line of the session that it is about', async () => {
    const { log, listener, sessions } = await open();
    const session = sessions.begin('grpc', '10.1.2.3:4');
    listener.notice(3, 'A notice', { lock: 'a' }, session);
    listener.debug(session, 'A debug line', { lock: 'b' });
    listener.notice(4, 'A notice of none', {}, 0);
    const whose = { session_id: sessions.find(session)!.sessionId, remote_address: '10.1.2.3:4' };
    expect(log.of('A ')).toMatchObject([
      { level: 'WARN', msg: 'A notice', shard: 3, lock: 'a', ...whose },
      { level: 'DEBUG', msg: 'A debug line', lock: 'b', ...whose },
      { level: 'WARN', msg: 'A notice of none', shard: 4 },
    ]);
    expect(log.of('A notice of none')[0]).not.toHaveProperty('session_id');
  });

  it('comes to the server where it is about the server itself', async () => {
    const { listener, alarms } = await open();
    const [error, lost] = [new Error('a shard is lost'), new Set([4, 7])];
    listener.suspended(2, true);
    listener.suspended(2, false);
    listener.locksLost(lost);
    listener.failed(error);
    expect(alarms).toEqual([
      ['suspended', 2, true],
      ['suspended', 2, false],
      ['locksLost', lost],
      ['failed', error],
    ]);
  });
});
