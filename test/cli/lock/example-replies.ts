import type { HolderReply, LockReply, WaiterReply } from '../../../src/cli/lock/admin-replies.ts';

export const waiterReply: WaiterReply = {
  session: { session_id: 'a-session', address: '10.0.0.8:50', protocol: 'grpc' },
  holder: 'patient',
  mode: 'EXCLUSIVE',
  permits: 1,
  age_ms: '1500',
  claim_id: '0-2-1',
};

export const holderReply: HolderReply = {
  ...waiterReply,
  session: { session_id: 'b-session', address: '10.0.0.7:40', protocol: 'rest' },
  holder: 'worker 7',
  age_ms: '125000',
  remaining_ms: '60000',
  claim_id: '0-1-1',
  key: '0d3f3c5a-1111-4222-8333-444444444444',
  lock_timeout_ms: '185000',
  fencing_token: '9223372036854775807',
  age_at_most: false,
};

export const lockReply: LockReply = {
  name: 'work',
  size: 1,
  shard: 0,
  holder_count: '1',
  waiter_count: '1',
  holders: [holderReply],
  waiters: [waiterReply],
};
