/**
 * What the same service costs on @grpc/grpc-js: one thread, the locks in a Map, waiters in arrays. It does what a
 * lock and unlock cycle needs and nothing more: no lock timeouts, no sessions, sizes of 1 only.
 */
import { randomUUID } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import {
  loadPackageDefinition,
  Server,
  ServerCredentials,
  type ServerUnaryCall,
  type ServiceDefinition,
  type sendUnaryData,
  type UntypedServiceImplementation,
} from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';

interface Request {
  readonly name: string;
  readonly key: string;
}
type Call = ServerUnaryCall<Request, object>;
type Reply = sendUnaryData<object>;

interface HeldLock {
  key: string;
  readonly waiters: Reply[];
}

const INVALID_KEY = { code: 2, message: 'invalid lock key' };

const locks = new Map<string, HeldLock>();

function tryLock(name: string, reply: Reply): boolean {
  if (locks.has(name)) return false;
  const key = randomUUID();
  locks.set(name, { key, waiters: [] });
  reply(null, { locked: true, name, key });
  return true;
}

const methods: UntypedServiceImplementation = {
  Lock({ request: { name } }: Call, reply: Reply): void {
    if (!tryLock(name, reply)) locks.get(name)?.waiters.push(reply);
  },

  TryLock({ request: { name } }: Call, reply: Reply): void {
    if (!tryLock(name, reply)) reply(null, { locked: false, name });
  },

  Unlock({ request: { name, key } }: Call, reply: Reply): void {
    const lock = locks.get(name);
    if (lock?.key !== key) return reply(null, { unlocked: false, name, error: INVALID_KEY });
    reply(null, { unlocked: true, name });
    const next = lock.waiters.shift();
    if (next === undefined) {
      locks.delete(name);
      return;
    }
    lock.key = randomUUID();
    next(null, { locked: true, name, key: lock.key });
  },
};

const protoFile = fileURLToPath(new URL('../../../protos/ldlm.proto', import.meta.url));
const definition = loadSync(protoFile, { keepCase: true });
loadPackageDefinition(definition);
const server = new Server();
server.addService(definition['ldlm.LDLM'] as ServiceDefinition, methods);
server.bindAsync(process.argv[2] ?? '127.0.0.1:3145', ServerCredentials.createInsecure(), (error) => {
  if (error !== null) throw error;
});
process.on('SIGTERM', () => process.exit(0));
