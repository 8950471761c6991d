import { execFile, spawnSync } from 'node:child_process';
import { chmodSync, existsSync, lstatSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { dirname } from 'node:path';
import { promisify } from 'node:util';
import { status } from '@grpc/grpc-js';
import { describe, expect, it } from 'vitest';
import { statusOf } from '../../clients/lock-client.ts';
import { enqueue } from '../conformance/replies.ts';
import { peers } from '../peers.ts';
import { afterwards, connect, launch, runToEnd, ServerProcess } from '../server-process.ts';
import { launchAdministered, lockProgram, runLock, socketPath } from './lock-command.ts';

const run = promisify(execFile);
const flagsFor = (socket: string) => ['-l', '127.0.0.1:0', '--ipc_socket_file', socket];

describe('the socket', () => {
  it('is told of in the log, and can be opened by its owner alone', async () => {
    const { server, socket } = await launchAdministered();
    expect(server.stderr).toContain(`"socket":"${socket}","msg":"IPC server started"`);
    expect(lstatSync(socket).mode & 0o777).toBe(0o600);
    expect(readdirSync(dirname(socket))).toEqual(['a.sock']);
  });

  it.runIf(process.getuid?.() === 0)('is closed to other users', async () => {
    const { socket } = await launchAdministered();
    chmodSync(dirname(socket), 0o755);
    const other = ['--reuid=65534', '--clear-groups', process.execPath, lockProgram, '-s', socket, 'list'];
    const { status: exitCode, stderr } = spawnSync('setpriv', other, { encoding: 'utf8', env: {} });
    expect([exitCode, stderr]).toEqual([
      1,
      `IPC error: dial unix ${socket}: connect: permission denied. Is the ldlm server running? ` +
        'Do you need to specify the socket file path? See help\n',
    ]);
  });

  it('is not there without a path, which the log says', async () => {
    const { server } = await launch(['--ipc_socket_file', '']);
    expect(server.stderr).toContain('"IPC server disabled because of empty socket file path"');
    expect(server.stderr).not.toContain('IPC server started');
  });

  it('is refused where it cannot be, with the reason', async () => {
    const { exitCode, stderr } = await runToEnd(flagsFor('/no/such/folder/a.sock'));
    expect([exitCode, stderr.split('\n').at(-2)]).toEqual([
      1,
      'server.New() error creating server: ipc.Run(): ipc.Run() net.listen error: ' +
        'listen unix /no/such/folder/a.sock: bind: no such file or directory',
    ]);
  });
});

describe('94: an address that is taken', () => {
  it('leaves no socket behind', async () => {
    const taken = createServer();
    await new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', resolve));
    afterwards(() => taken.close());
    const { port } = taken.address() as { port: number };
    const socket = socketPath();
    const { exitCode, stderr } = await runToEnd(['-l', `127.0.0.1:${port}`, '--ipc_socket_file', socket]);
    expect(stderr).toContain('bind: address already in use');
    expect(stderr).toContain('IPC server started');
    expect(exitCode).toBe(1);
    expect(readdirSync(dirname(socket))).toEqual([]);
  });
});

describe('96: a stop', () => {
  it.each(['SIGINT', 'SIGTERM', 'SIGQUIT'] as const)('by %s removes the socket', async (signal) => {
    const { server, address, socket } = await launchAdministered();
    await connect(address).lock({ name: 'c96' });
    const { reply } = await enqueue(connect(address), { name: 'c96' });
    server.signal(signal);
    expect((await statusOf(reply)).code).toBe(status.UNAVAILABLE);
    expect((await server.end).exitCode).toBe(0);
    expect(readdirSync(dirname(socket))).toEqual([]);
  });

  it('that comes at once removes it, too', async () => {
    const { server, socket } = await launchAdministered('--shutdown_grace', '60s');
    server.signal('SIGTERM');
    server.signal('SIGTERM');
    await server.end;
    expect(existsSync(socket)).toBe(false);
  });
});

describe('97: a path where something is already', () => {
  // What LDLM says, but for the advice to delete the file, which is that of a server that runs.
  const inUse = (socket: string) =>
    `server.New() error creating server: ipc.Run(): file: ${socket} exists. IPC socket file already exists. ` +
    `A server listens there: ldlm-lock info -s ${socket} says which one. Shut down that instance before starting ` +
    'a new one. Alternatively specify a different IPC socket file by --ipc_socket_file';

  it("is refused while a server answers there, with LDLM's text", async () => {
    const { address, socket, lock } = await launchAdministered();
    const { key } = await connect(address).lock({ name: 'c97' });
    const { exitCode, stderr } = await runToEnd(flagsFor(socket));
    expect([exitCode, stderr.trimEnd().split('\n').at(-1)]).toEqual([1, inUse(socket)]);
    expect((await lock('list')).stdout).toContain(key);
  });

  it('is replaced when its server was killed', async () => {
    const socket = socketPath();
    const killed = new ServerProcess(flagsFor(socket));
    await killed.ready();
    killed.signal('SIGKILL');
    await killed.end;
    expect(lstatSync(socket).isSocket()).toBe(true);
    const { server } = await launch(flagsFor(socket));
    expect(await runLock(['list', '-s', socket])).toEqual({
      exitCode: 0,
      stdout: 'No locks found\n',
      stderr: '',
    });
    expect((await server.stop()).exitCode).toBe(0);
    expect(readdirSync(dirname(socket))).toEqual([]);
  });

  it('is had by one of two that come at once', async () => {
    const socket = socketPath();
    const killed = new ServerProcess(flagsFor(socket));
    await killed.ready();
    killed.signal('SIGKILL');
    await killed.end;
    const servers = [new ServerProcess(flagsFor(socket)), new ServerProcess(flagsFor(socket))];
    for (const server of servers) afterwards(() => server.stop());
    const started = await Promise.allSettled(servers.map((server) => server.ready()));
    expect(started.map((one) => one.status).sort()).toEqual(['fulfilled', 'rejected']);
    expect((await runLock(['list', '-s', socket])).exitCode).toBe(0);
  });

  it('is never deleted when it is no socket', async () => {
    const socket = socketPath();
    writeFileSync(socket, 'precious');
    const { exitCode, stderr } = await runToEnd(flagsFor(socket));
    expect([exitCode, stderr.trimEnd().split('\n').at(-1)]).toEqual([
      1,
      `server.New() error creating server: ipc.Run(): file: ${socket} exists and is not a socket. ` +
        'Specify a different IPC socket file',
    ]);
    expect(readFileSync(socket, 'utf8')).toBe('precious');
  });
});

describe('grpcurl on the socket', () => {
  const grpcurl = async (socket: string, ...args: readonly string[]) => {
    const words = ['-plaintext', '-unix', '-max-time', '20', ...args.slice(0, -1), socket, args.at(-1)!];
    try {
      return await run(peers.grpcurl, words);
    } catch (error) {
      return error as { stdout: string; stderr: string };
    }
  };

  it('sees what is served there, and nothing else', async () => {
    const { socket } = await launchAdministered();
    expect((await grpcurl(socket, 'list')).stdout.trim().split('\n')).toEqual([
      'grpc.health.v1.Health',
      'grpc.reflection.v1.ServerReflection',
      'grpc.reflection.v1alpha.ServerReflection',
      'ldlm.Admin',
    ]);
    const check = (service: string) =>
      grpcurl(socket, '-d', JSON.stringify({ service }), 'grpc.health.v1.Health/Check');
    expect((await check('ldlm.Admin')).stdout).toContain('SERVING');
    expect((await check('ldlm.LDLM')).stderr).toContain('NotFound');
  });

  it('calls administration, and cannot lock', async () => {
    const { address, socket } = await launchAdministered();
    const { key } = await connect(address).lock({ name: 'curled' });
    const { stdout } = await grpcurl(socket, '-d', '{"waiters": true}', 'ldlm.Admin/ListLocks');
    expect(JSON.parse(stdout)).toMatchObject({ locks: [{ name: 'curled', holders: [{ key }] }] });
    const released = await grpcurl(socket, '-d', '{"name": "curled"}', 'ldlm.Admin/Unlock');
    expect(JSON.parse(released.stdout)).toMatchObject({ released: [{ key }], releasedCount: '1' });
    const proto = ['-import-path', `${peers.project}/node_modules/ldlm-ts/protos`, '-proto', 'ldlm.proto'];
    const refused = await grpcurl(socket, ...proto, '-d', '{"name": "curled"}', 'ldlm.LDLM/Lock');
    expect(refused.stderr).toContain('Unimplemented');
    expect(refused.stderr).toContain('locks are taken at the server');
  });
});
