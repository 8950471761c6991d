import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { Limits } from '../../src/base/limits.ts';
import { checkServerOptions, type ServerOptions } from '../../src/config/server-options.ts';
import { FileLockedError } from '../../src/filelock/file-lock-error.ts';
import { Cluster } from '../../src/server/cluster.ts';
import { ClusterAccessError } from '../../src/server/cluster-access.ts';
import { SessionFileError } from '../../src/server/session-file.ts';
import { TlsConfigError } from '../../src/server/tls-context.ts';
import { OpCode } from '../../src/zookeeper/wire/op-code.ts';
import { makeScratchFolder } from '../filelock/scratch-folder.ts';
import { type Asked, type FakeOptions, FakeServer, writeEmptyStat } from '../zookeeper/fake-server.ts';
import { LogLines } from './log-lines.ts';
import { afterwards } from './running-server.ts';

const NO_NODE = -101;
const NO_AUTH = -102;
const BAD_VERSION = -103;
const NODE_EXISTS = -110;

/** An ensemble in which each node that is looked for is there. */
const startEnsemble = (options: FakeOptions = {}): Promise<FakeServer> =>
  FakeServer.start({
    answer: ({ op }) =>
      op === OpCode.Exists
        ? { write: writeEmptyStat }
        : op === OpCode.Multi
          ? { code: BAD_VERSION }
          : undefined,
    ...options,
  });

async function open({ address }: FakeServer, settings: Partial<ServerOptions> = {}, chroot = '') {
  const log = new LogLines();
  const connect = { engine: 'zookeeper', zookeeperConnect: `${address}${chroot}` } as const;
  const cluster = (await Cluster.open(checkServerOptions({ ...connect, ...settings }), log.logger))!;
  afterwards(() => cluster.end([]).catch(() => {}));
  return { log, cluster };
}

const heldOf = (name: string) => ({
  ...{ path: `/locks/ca/${name}/_c_x-__WRIT__0000000000`, czxid: '1f', version: 0, name, key: 'k' },
  ...{ size: 1, mode: 0, lockTimeoutMs: 0, holder: '', requestId: '' },
});

/** What a session file has of the session, and the names of the locks in it. */
function saved(path: string): { session: string; held: string[] } {
  const { session, held } = JSON.parse(readFileSync(path, 'utf8')) as {
    session: string;
    held: { name: string }[];
  };
  return { session, held: held.map(({ name }) => name) };
}

const created = ({ asked }: FakeServer): Asked[] => asked.filter(({ op }) => op === OpCode.Create2);

describe('the ensemble of a server', () => {
  it('is none where the locks are in the server', async () => {
    const log = new LogLines();
    expect(await Cluster.open(checkServerOptions({}), log.logger)).toBeNull();
    expect(log.lines).toEqual([]);
  });

  it('is told of when it is looked for, and when there is a session with it', async () => {
    const fake = await startEnsemble();
    const { log } = await open(fake, { zookeeperSessionTimeoutMs: 7_000 });
    const known = { level: 'INFO', ensemble: fake.address };
    expect(log.lines).toMatchObject([
      { ...known, msg: 'Connecting to ZooKeeper' },
      { ...known, msg: 'Connected to ZooKeeper', session_timeout_ms: 7_000, resumed: false },
    ]);
    expect(fake.greetings).toMatchObject([{ timeoutMs: 7_000, sessionId: 0n }]);
  });

  it('is said to allow another session timeout than it was asked for', async () => {
    for (const grantedMs of [60_000, 4_000, 7_000]) {
      const fake = await startEnsemble({ grantsMs: grantedMs });
      const { log } = await open(fake, { zookeeperSessionTimeoutMs: 7_000 });
      const msg = 'ZooKeeper has granted another session timeout than zookeeper_session_timeout asks for';
      const lines = [{ level: 'WARN', msg, asked_ms: 7_000, session_timeout_ms: grantedMs }];
      expect(log.of('ZooKeeper has granted')).toMatchObject(grantedMs === 7_000 ? [] : lines);
    }
  });

  it('is shown the credentials, whose secret may have colons in it and is in no line', async () => {
    const fake = await startEnsemble();
    const { log, cluster } = await open(fake, {
      zookeeperAuth: 'digest:me:se:cret',
      zookeeperAcl: 'creator',
    });
    const auth = fake.asked.find(({ op }) => op === OpCode.Auth)!.body;
    expect([auth.int(), auth.string(), auth.buffer().toString()]).toEqual([0, 'digest', 'me:se:cret']);
    expect(log.texts.join('')).not.toContain('cret');
    void cluster.nodes.create('/a').catch(() => {});
    await expect.poll(() => created(fake), { timeout: 5_000 }).toHaveLength(1);
    const { body } = created(fake)[0]!;
    expect([body.string(), body.buffer().length]).toEqual(['/a', 0]);
    expect([body.int(), body.int(), body.string()]).toEqual([1, 31, 'auth']);
  });

  it('is for anybody and shown nothing where the options say nothing of it', async () => {
    const fake = await startEnsemble();
    const { cluster } = await open(fake);
    void cluster.nodes.create('/a').catch(() => {});
    await expect.poll(() => created(fake), { timeout: 5_000 }).toHaveLength(1);
    expect(fake.ops).not.toContain(OpCode.Auth);
    const { body } = created(fake)[0]!;
    expect([body.string(), body.buffer().length]).toEqual(['/a', 0]);
    expect([body.int(), body.int(), body.string(), body.string()]).toEqual([1, 31, 'world', 'anyone']);
  });

  it('has the mapped locks where the options say', async () => {
    const { cluster } = await open(await startEnsemble(), { zookeeperPathMap: 'jobs=/theirs/jobs:mutex' });
    expect(cluster.paths.placeOf('jobs')).toMatchObject({ base: '/theirs/jobs' });
  });

  it(`is asked at most ${Limits.zookeeperRequestsMax} things at a time`, async () => {
    let isSilent = false;
    const fake = await startEnsemble({
      answer: ({ op }) =>
        isSilent ? null : op === OpCode.Multi ? { code: BAD_VERSION } : { write: writeEmptyStat },
    });
    const { cluster } = await open(fake);
    isSilent = true;
    const ask = () => cluster.nodes.exists('/a');
    const refusals: unknown[] = [];
    for (let i = 0; i < Limits.zookeeperRequestsMax; i++) void ask().catch((error) => refusals.push(error));
    await new Promise((resolve) => setImmediate(resolve));
    expect(refusals).toEqual([]);
    await expect(ask()).rejects.toMatchObject({ code: 'ZOOKEEPER_TOO_MANY_REQUESTS' });
    fake.stop();
  });
});

describe('an ensemble that is not there', () => {
  it('is looked for until somebody ends that', async () => {
    const { address } = await FakeServer.start({ greets: () => new Promise(() => {}) });
    const abort = new AbortController();
    const log = new LogLines();
    const options = checkServerOptions({ engine: 'zookeeper', zookeeperConnect: address });
    const opened = Cluster.open(options, log.logger, abort.signal);
    const reason = new Error('enough');
    setTimeout(() => abort.abort(reason), 50);
    await expect(opened).rejects.toBe(reason);
  });
});

describe('the node below which everything stands', () => {
  it('is made, with those above it, whoever else makes them meanwhile', async () => {
    const fake = await startEnsemble({
      answer: ({ op }) => ({
        code: op === OpCode.Exists ? NO_NODE : op === OpCode.Create2 ? NODE_EXISTS : BAD_VERSION,
      }),
    });
    await open(fake, {}, '/a/b/c');
    expect(created(fake).map(({ body }) => body.string())).toEqual(['/a', '/a/b', '/a/b/c']);
    // It was made by a session of its own, which has ended.
    expect(fake.greetings).toHaveLength(2);
    expect(fake.ops.filter((op) => op === OpCode.CloseSession)).toHaveLength(1);
  });

  it('is let be where it is there', async () => {
    const fake = await startEnsemble();
    await open(fake, {}, '/a');
    expect(created(fake)).toEqual([]);
  });

  it('says why it cannot be made', async () => {
    const fake = await startEnsemble({
      answer: ({ op }) => ({ code: op === OpCode.Exists ? NO_NODE : op === OpCode.Create2 ? NO_AUTH : 0 }),
    });
    const error = await open(fake, {}, '/a').catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(ClusterAccessError);
    expect(error).toMatchObject({ message: expect.stringMatching(/ nodes below \/ in ZooKeeper: /) });
    await expect.poll(() => fake.connections).toBe(0);
  });
});

it('credentials that no server accepts are told with the option and the scheme alone', async () => {
  const fake = await startEnsemble({ answer: ({ op }) => (op === OpCode.Auth ? { code: -115 } : undefined) });
  const error = await open(fake, { zookeeperAuth: 'basic:me:secret' }).catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(ClusterAccessError);
  expect(error).toMatchObject({
    message: expect.stringMatching(/^zookeeper_auth: .* the scheme basic; .* digest:user:password$/),
  });
});

it('the files of TLS are looked at before anybody is connected to', async () => {
  const fake = await startEnsemble();
  await expect(open(fake, { zookeeperTlsCaFile: 'none' })).rejects.toThrow(TlsConfigError);
  expect(fake.greetings).toEqual([]);
});

describe('the end of a session', () => {
  it('is told to the ensemble where nothing is kept', async () => {
    const fake = await startEnsemble();
    const { cluster } = await open(fake);
    expect([cluster.keepsOnStop, cluster.restore]).toEqual([false, null]);
    await cluster.end([]);
    expect(fake.ops.at(-1)).toBe(OpCode.CloseSession);
  });

  it.each([
    [false, 0],
    [true, 1],
  ])(
    'comes by itself where clients count on it for what is held still, unless that outlives it: %j',
    async (noClearOnDisconnect, closes) => {
      const fake = await startEnsemble();
      const { cluster } = await open(fake, { noClearOnDisconnect });
      await cluster.end([heldOf('a')]);
      expect(fake.ops.filter((op) => op === OpCode.CloseSession)).toHaveLength(closes);
      await expect.poll(() => fake.connections).toBe(0);
    },
  );
});

describe('a session that is kept in a file', () => {
  /** Where one may stand, in a folder that can be taken away. */
  const makeFile = (): string => {
    const folder = join(makeScratchFolder(), 'own');
    mkdirSync(folder);
    return join(folder, 'session');
  };

  it('stands there from its beginning, without locks, and with those that are left at its end', async () => {
    const [fake, zookeeperSessionFile] = [await startEnsemble(), makeFile()];
    const { cluster } = await open(fake, { zookeeperSessionFile });
    expect([cluster.keepsOnStop, cluster.restore]).toEqual([true, null]);
    expect(saved(zookeeperSessionFile)).toEqual({ session: '1', held: [] });
    await cluster.end([heldOf('a'), heldOf('b')]);
    expect(saved(zookeeperSessionFile)).toEqual({ session: '1', held: ['a', 'b'] });
    expect(fake.ops).not.toContain(OpCode.CloseSession);
  });

  it('is gone on with by the next server, which keeps its locks there until it has them', async () => {
    const [fake, zookeeperSessionFile] = [await startEnsemble(), makeFile()];
    const first = await open(fake, { zookeeperSessionFile });
    await first.cluster.end([heldOf('a')]);
    const second = await open(fake, { zookeeperSessionFile, defaultLockTimeoutMs: 4_000 });
    expect(fake.greetings.at(-1)).toMatchObject({ sessionId: 1n });
    expect(second.log.of('Connected')).toMatchObject([{ resumed: true }]);
    expect(second.cluster.restore).toMatchObject({ held: [heldOf('a')], defaultLockTimeoutMs: 4_000 });
    expect(saved(zookeeperSessionFile).held).toEqual(['a']);
    // This one ends before it has gone on with them.
    await second.cluster.end([heldOf('b')]);
    expect(saved(zookeeperSessionFile).held).toEqual(['b', 'a']);
    const third = await open(fake, { zookeeperSessionFile });
    third.cluster.restore!.done();
    expect(saved(zookeeperSessionFile).held).toEqual([]);
    await third.cluster.end([heldOf('c')]);
    expect(saved(zookeeperSessionFile).held).toEqual(['c']);
  });

  it('is over where the ensemble says so, which is told of with the locks that are gone', async () => {
    for (const noClearOnDisconnect of [false, true]) {
      let isKnown = true;
      const fake = await startEnsemble({ knows: () => isKnown });
      const settings = { zookeeperSessionFile: makeFile(), noClearOnDisconnect };
      const first = await open(fake, settings);
      await first.cluster.end([heldOf('a'), heldOf('b')]);
      isKnown = false;
      const { log, cluster } = await open(fake, settings);
      expect(cluster.restore).toBeNull();
      expect(saved(settings.zookeeperSessionFile)).toEqual({ session: '2', held: [] });
      const lines = log.of('the session of the server before is over, and its locks are gone');
      // Locks that outlive the sessions of clients have nodes that stay.
      expect(lines).toMatchObject(noClearOnDisconnect ? [] : [{ level: 'WARN', locks: 2 }]);
    }
  });

  it('is forgotten with its locks when it is lost, for the one that takes its place', async () => {
    let isKnown = true;
    const [fake, zookeeperSessionFile] = [await startEnsemble({ knows: () => isKnown }), makeFile()];
    const first = await open(fake, { zookeeperSessionFile });
    await first.cluster.end([heldOf('a')]);
    await open(fake, { zookeeperSessionFile });
    expect(saved(zookeeperSessionFile)).toEqual({ session: '1', held: ['a'] });
    isKnown = false;
    fake.cut();
    await expect
      .poll(() => saved(zookeeperSessionFile), { timeout: 5_000 })
      .toEqual({ session: '2', held: [] });
  });

  it('is told of where it cannot be kept, and goes on', async () => {
    const [fake, zookeeperSessionFile] = [await startEnsemble(), makeFile()];
    const { log, cluster } = await open(fake, { zookeeperSessionFile });
    rmSync(dirname(zookeeperSessionFile), { recursive: true });
    fake.cut();
    await expect
      .poll(() => log.of('cannot keep the session'), { timeout: 5_000 })
      .toMatchObject([
        {
          level: 'ERROR',
          msg: 'cannot keep the session with ZooKeeper',
          reason: `zookeeper_session_file: open ${zookeeperSessionFile}.new: no such file or directory`,
        },
      ]);
    expect(await cluster.nodes.exists('/')).not.toBeNull();
  });

  it('is left as it is, with its locks, where the next server may not use their nodes', async () => {
    let code = BAD_VERSION;
    const answer = ({ op }: Asked) => (op === OpCode.Exists ? { write: writeEmptyStat } : { code });
    const [fake, zookeeperSessionFile] = [await startEnsemble({ answer }), makeFile()];
    const first = await open(fake, { zookeeperSessionFile });
    await first.cluster.end([heldOf('a')]);
    code = NO_AUTH;
    await expect(open(fake, { zookeeperSessionFile })).rejects.toThrow(ClusterAccessError);
    expect(saved(zookeeperSessionFile)).toEqual({ session: '1', held: ['a'] });
    await expect.poll(() => fake.connections).toBe(0);
    expect(fake.ops).not.toContain(OpCode.CloseSession);
  });

  it('is one server’s at a time, also where its file is none', async () => {
    const [fake, zookeeperSessionFile] = [await startEnsemble(), makeFile()];
    writeFileSync(zookeeperSessionFile, 'something');
    const settings = { zookeeperSessionFile };
    for (let i = 0; i < 2; i++) await expect(open(fake, settings)).rejects.toThrow(SessionFileError);
    rmSync(zookeeperSessionFile);
    await open(fake, settings);
    await expect(open(fake, settings)).rejects.toThrow(FileLockedError);
  });
});
