import { loadSync } from '@grpc/proto-loader';
import { describe, expect, it } from 'vitest';
import { AdminClient } from '../../../src/cli/lock/admin-client.ts';
import type {
  HolderReply,
  ListLocksReply,
  LockEventReply,
  LockReply,
  ServerInfoReply,
  ShardReply,
  UnlockReply,
  WaiterReply,
  WatchStepReply,
} from '../../../src/cli/lock/admin-replies.ts';
import { makeScratchFolder } from '../../filelock/scratch-folder.ts';
import { protosPath } from '../../protocol/protobuf/ldlm-coder.ts';
import { afterwards, connect, runServer } from '../../server/running-server.ts';

type Kind<Value> = Value extends string
  ? 'text'
  : Value extends number
    ? 'number'
    : Value extends boolean
      ? 'truth'
      : Value extends readonly unknown[]
        ? 'list'
        : 'message';

/** Every field of a reply with the kind of its value, as the compiler knows them. */
type Form<Reply> = { readonly [Name in keyof Reply]-?: Kind<NonNullable<Reply[Name]>> };

const session: Form<NonNullable<WaiterReply['session']>> = {
  session_id: 'text',
  address: 'text',
  protocol: 'text',
};
const waiter: Form<WaiterReply> = {
  session: 'message',
  holder: 'text',
  mode: 'text',
  permits: 'number',
  age_ms: 'text',
  remaining_ms: 'text',
  claim_id: 'text',
};
const holder: Form<HolderReply> = {
  ...waiter,
  key: 'text',
  lock_timeout_ms: 'text',
  fencing_token: 'text',
  age_at_most: 'truth',
};
const lock: Form<LockReply> = {
  name: 'text',
  size: 'number',
  shard: 'number',
  holder_count: 'text',
  waiter_count: 'text',
  holders: 'list',
  waiters: 'list',
};
const page: Form<ListLocksReply> = { locks: 'list', next_page_token: 'text' };
const unlocked: Form<UnlockReply> = {
  released: 'list',
  released_count: 'text',
  error: 'message',
  holders: 'list',
  holder_count: 'text',
};
const event: Form<LockEventReply> = {
  type: 'text',
  name: 'text',
  size: 'number',
  holder_count: 'text',
  waiter_count: 'text',
  time_ms: 'text',
  holder: 'message',
  waiter: 'message',
};
const step: Form<WatchStepReply> = {
  shard: 'number',
  sequence: 'text',
  snapshot_begin: 'message',
  lock: 'message',
  snapshot_end: 'message',
  event: 'message',
  missed: 'message',
};
const info: Form<ServerInfoReply> = {
  version: 'text',
  node_version: 'text',
  pid: 'text',
  started_at_ms: 'text',
  uptime_ms: 'text',
  grpc_addresses: 'list',
  rest_addresses: 'list',
  admin_addresses: 'list',
  state_file: 'text',
  serving: 'truth',
  grpc_connections: 'text',
  rest_sessions: 'text',
  shards: 'list',
  engine: 'text',
  ensemble: 'text',
};
const shard: Form<ShardReply> = {
  shard: 'number',
  locks: 'text',
  holders: 'text',
  waiters: 'text',
  grants: 'text',
  expiries: 'text',
};

interface DescribedField {
  readonly name: string;
  readonly type: string;
  readonly label: string;
}

/** How the program gets a field of a message: 64 bits as digits, and the values of enums as names. */
function kindOf({ type, label }: DescribedField): string {
  if (label === 'LABEL_REPEATED') return 'list';
  if (type === 'TYPE_MESSAGE') return 'message';
  if (type === 'TYPE_BOOL') return 'truth';
  return ['TYPE_INT32', 'TYPE_UINT32'].includes(type) ? 'number' : 'text';
}

describe('the replies of ldlm.Admin', () => {
  const definition = loadSync('ldlm-admin.proto', { includeDirs: [protosPath], keepCase: true });

  it.each([
    ['Session', session],
    ['Waiter', waiter],
    ['Holder', holder],
    ['LockInfo', lock],
    ['ListLocksResponse', page],
    ['AdminUnlockResponse', unlocked],
    ['LockEvent', event],
    ['WatchLocksResponse', step],
    ['ServerInfoResponse', info],
    ['ShardInfo', shard],
  ])(
    'have the fields of the published definition, in the forms that the program gets them in: %s',
    (name, form) => {
      const { type } = definition[`ldlm.${name}`] as unknown as {
        type: { field: readonly DescribedField[] };
      };
      expect(Object.fromEntries(type.field.map((field) => [field.name, kindOf(field)]))).toEqual(form);
    },
  );

  it('come in these forms from a server', async () => {
    const path = `${makeScratchFolder()}/a.sock`;
    const server = await runServer({ shards: 1, ipcSocketFile: path });
    const client = connect(server.address);
    await client.lock({ name: 'a', lock_timeout_seconds: 60 });
    void client.lock({ name: 'a' }).catch(() => {});
    await expect.poll(() => server.stats().waiters, { timeout: 5_000 }).toBe(1);
    const admin = new AdminClient({ kind: 'socket', path });
    afterwards(() => admin.close());
    const listed = await admin.listLocks({ prefix: '', page_size: 0, page_token: '', waiters: true });
    expectForm(listed, page);
    const [first] = listed.locks;
    expectForm(first!, lock);
    expectForm(first!.holders[0]!, holder);
    // The one that waits does so for ever.
    const { remaining_ms: _, ...forEver } = waiter;
    expectForm(first!.waiters[0]!, forEver);
    const served = await admin.serverInfo();
    expectForm(served, info);
    expectForm(served.shards[0]!, shard);
    const { error: _error, ...done } = unlocked;
    expectForm(await admin.unlock({ name: 'a', key: '', all: false }), done);
    const refused = await admin.unlock({ name: 'none', key: '', all: false });
    expect(refused.error).toEqual({ code: 'LockDoesNotExist', message: expect.any(String) });
  });
});

/** Expects that what came has these fields in these forms. */
function expectForm(reply: object, form: Readonly<Record<string, string>>): void {
  const names = { string: 'text', number: 'number', boolean: 'truth' } as const;
  const kinds = Object.entries(reply)
    .filter(([name, value]) => !name.startsWith('_') && value !== null && value !== undefined)
    .map(([name, value]) => {
      if (Array.isArray(value)) return [name, 'list'];
      return [name, names[typeof value as keyof typeof names] ?? 'message'];
    });
  expect(Object.fromEntries(kinds)).toEqual(form);
}
