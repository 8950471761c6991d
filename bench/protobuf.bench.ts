import { fileURLToPath } from 'node:url';
import { loadSync, type MethodDefinition } from '@grpc/proto-loader';
import { Bench } from 'tinybench';
import { hashName } from '../src/base/name-hash.ts';
import { LockCommand, UnlockCommand } from '../src/core/command.ts';
import { LockKey } from '../src/core/lock-key.ts';
import { FencingToken } from '../src/core/sink.ts';
import { decodeLockRequest, decodeUnlockRequest } from '../src/protocol/protobuf/decode-request.ts';
import {
  encodeLockGranted,
  encodeUnlockReply,
  sizeOfLockGranted,
  sizeOfUnlockReply,
} from '../src/protocol/protobuf/encode-reply.ts';
import { findName } from '../src/protocol/protobuf/find-name.ts';
import { Span } from '../src/protocol/protobuf/span.ts';

const name = 'orders/invoice-20381';
const keyText = '0f8c2e5a-93b1-4d67-a2c4-7be150f36d98';
const lockMessage = { name, size: 1, lock_timeout_seconds: 30 };
const unlockMessage = { name, key: keyText };

type Coder = MethodDefinition<object, object>;

function loadCoder(method: string): Coder {
  const path = fileURLToPath(new URL('../../protos/ldlm.proto', import.meta.url));
  const service = loadSync(path, { keepCase: true, longs: String })['ldlm.LDLM'] as Record<string, Coder>;
  return service[method]!;
}

/**
 * Decoding and encoding the messages of one Lock and one Unlock, in shared memory as a shard has them, beside
 * proto-loader's coding of the same messages.
 */
export function protobufBench(): Bench {
  const bench = new Bench({ name: 'protobuf', time: 500, warmupTime: 100 });
  const lock = loadCoder('Lock');
  const unlock = loadCoder('Unlock');
  const requests = Buffer.from(new SharedArrayBuffer(1024));
  const lockEnd = lock.requestSerialize(lockMessage).copy(requests);
  const unlockEnd = lockEnd + unlock.requestSerialize(unlockMessage).copy(requests, lockEnd);
  addDecoding(bench, requests, lockEnd, unlockEnd);
  addEncoding(bench);

  addProtoLoader(bench, lock, unlock);
  return bench;
}

/** A message takes less time than reading the clock around it, so a hundred are timed at once. */
const batch = 100;

function addDecoding(bench: Bench, requests: Buffer, lockEnd: number, unlockEnd: number): void {
  const span = new Span();
  const lockCommand = new LockCommand();
  const unlockCommand = new UnlockCommand();
  bench
    .add(`findName and hashName x ${batch}`, () => {
      for (let i = 0; i < batch; i++) {
        findName(requests, 0, lockEnd, span);
        hashName(requests, span.start, span.end);
      }
    })
    .add(`decode Lock x ${batch}`, () => {
      for (let i = 0; i < batch; i++) decodeLockRequest(requests, 0, lockEnd, lockCommand);
    })
    .add(`decode Unlock x ${batch}`, () => {
      for (let i = 0; i < batch; i++) decodeUnlockRequest(requests, lockEnd, unlockEnd, unlockCommand);
    });
}

function addEncoding(bench: Bench): void {
  const out = Buffer.from(new SharedArrayBuffer(1024));
  const key = new LockKey();
  const token = new FencingToken();
  token.high = 218_500_000;
  bench
    .add(`encode granted x ${batch}`, () => {
      for (let i = 0; i < batch; i++) {
        token.low = i;
        sizeOfLockGranted(name, token, 0);
        encodeLockGranted(out, 0, name, key, token, 0);
      }
    })
    .add(`encode unlocked x ${batch}`, () => {
      for (let i = 0; i < batch; i++) {
        sizeOfUnlockReply(name, null);
        encodeUnlockReply(out, 0, name, null);
      }
    });
}

function addProtoLoader(bench: Bench, lock: Coder, unlock: Coder): void {
  const lockRequest = lock.requestSerialize(lockMessage);
  const unlockRequest = unlock.requestSerialize(unlockMessage);
  const granted = { locked: true, name, key: keyText, fencing_token: '938475983475983475' };
  const unlocked = { unlocked: true, name };
  bench
    .add(`proto-loader: decode Lock x ${batch}`, () => {
      for (let i = 0; i < batch; i++) lock.requestDeserialize(lockRequest);
    })
    .add(`proto-loader: decode Unlock x ${batch}`, () => {
      for (let i = 0; i < batch; i++) unlock.requestDeserialize(unlockRequest);
    })
    .add(`proto-loader: encode granted x ${batch}`, () => {
      for (let i = 0; i < batch; i++) lock.responseSerialize(granted);
    })
    .add(`proto-loader: encode unlocked x ${batch}`, () => {
      for (let i = 0; i < batch; i++) unlock.responseSerialize(unlocked);
    });
}
