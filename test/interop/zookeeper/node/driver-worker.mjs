// Drives this project's locks by the lines that java/Main.java describes. In addition, `held` says whether an owner certainly
// holds a lock, and an event `lost` tells the node of a lock that was lost.
// Arguments: connect string, session timeout in ms, namespace or "", "user:password" or "".
import { createInterface } from 'node:readline';
import {
  CREATOR_ACL,
  LockTimeoutError,
  MultiLock,
  Mutex,
  NodeExistsError,
  onRevoke,
  ReadWriteLock,
  revoke,
  Semaphore,
  ZooKeeperClient,
} from '../../../../dist/src/zookeeper/index.js';

const [connectString, sessionMs, namespace, credentials] = process.argv.slice(2);
const print = (line) => process.stdout.write(`${line}\n`);

function connect(target) {
  return ZooKeeperClient.connect(target, {
    sessionTimeoutMs: Number(sessionMs),
    ...(credentials !== '' && { auth: [{ scheme: 'digest', auth: credentials }], acl: CREATOR_ACL }),
  });
}

async function makeNamespace() {
  const client = await connect(connectString);
  await client.create(`/${namespace}`).catch((error) => {
    if (!(error instanceof NodeExistsError)) throw error;
  });
  await client.close();
}

if (namespace !== '') await makeNamespace();
const client = await connect(namespace === '' ? connectString : `${connectString}/${namespace}`);
client.onState((state) => print(`event state ${state.toUpperCase()}`));

const locks = new Map();
const owners = new Map();
const held = new Map();
const revocable = new Set();
const keyOf = (kind, path, owner) => [kind, path, owner].join(' ');

function once(map, key, make) {
  if (!map.has(key)) map.set(key, make());
  return map.get(key);
}

function lockOf(kind, path, n) {
  const readWrite = () => once(locks, `rw ${path}`, () => new ReadWriteLock(client, path));
  switch (kind) {
    case 'mutex':
      return once(locks, `${kind} ${path} ${n}`, () => new Mutex(client, path, { maxLeases: Number(n) }));
    case 'read':
      return readWrite().readLock;
    case 'write':
      return readWrite().writeLock;
    case 'sem':
      return once(locks, `${kind} ${path} ${n}`, () => new Semaphore(client, path, { maxLeases: Number(n) }));
    case 'multi':
      return new MultiLock(path.split(',').map((each) => new Mutex(client, each)));
    default:
      throw new Error(`no kind ${kind}`);
  }
}

async function acquire(kind, path, owner, timeout, n, quantity) {
  const lock = lockOf(kind, path, n);
  const timeoutMs = Number(timeout) < 0 ? null : Number(timeout);
  const options = { timeoutMs, owner: once(owners, owner, () => ({})) };
  try {
    const taken =
      Number(quantity) > 1 ? await lock.acquireMany(Number(quantity), options) : await lock.acquire(options);
    once(held, keyOf(kind, path, owner), () => []).push(taken);
    const [first] = taken.locks ?? [taken];
    first.signal.addEventListener('abort', () => print(`event lost ${first.path}`));
    if (revocable.has(path)) onRevoke(client, first, () => print(`event revoked ${path}`));
    return { acquired: true, lockPath: first.path, token: String(first.fencingToken) };
  } catch (error) {
    if (error instanceof LockTimeoutError) return { acquired: false, reason: error.message };
    throw error;
  }
}

async function release(kind, path, owner, n) {
  const taken = held.get(keyOf(kind, path, owner))?.pop();
  // Says what is wrong, as a program would hear it.
  if (taken === undefined) return lockOf(kind, path, n).release({});
  return taken.release();
}

const verbs = {
  acquire,
  release,
  held: (kind, path, owner) => held.get(keyOf(kind, path, owner))?.at(-1)?.locked ?? false,
  lockPath: (kind, path, owner) => held.get(keyOf(kind, path, owner))?.at(-1)?.path ?? null,
  participants: (kind, path, n) => lockOf(kind, path, n).getParticipantNodes(),
  children: async (path) => [...(await client.getChildren(path)).children].sort(),
  revocable: (path) => void revocable.add(path),
  revoke: (path) => revoke(client, path),
  state: () => client.state.toUpperCase(),
  sessionId: () => BigInt.asUintN(64, client.sessionId).toString(16),
};

print(`event ready ${verbs.sessionId()}`);
const lines = createInterface(process.stdin);
lines.on('line', async (line) => {
  const [id, verb, ...words] = line.split(' ');
  try {
    const value = await verbs[verb](...words.map(decodeURIComponent));
    print(`${id} ok ${JSON.stringify(value ?? null)}`);
  } catch (error) {
    print(`${id} error ${error.name} ${String(error.message).replaceAll(/\s+/g, ' ')}`);
  }
});
lines.on('close', async () => {
  await client.close();
  process.exit(0);
});
