import { describe, expect, it } from 'vitest';
import { Method } from '../../../src/contract/method.ts';
import {
  CallState,
  type RawRequest,
  type RawResponse,
  RestCall,
} from '../../../src/server/rest/rest-call.ts';
import { RestSession } from '../../../src/server/rest/rest-session.ts';

describe('the slot of a call', () => {
  it('keeps nothing of its last user', () => {
    const call = new RestCall(7);
    const bare = { ...new RestCall(7) };
    Object.assign(call, {
      ...{
        state: CallState.Answered,
        method: Method.Lock,
        session: new RestSession('a', 1, 0),
        deadlineMs: 5,
      },
      ...{ request: {} as RawRequest, response: {} as RawResponse, startedMs: 9, shard: 3 },
      ...{ body: Buffer.alloc(1), bodyBytes: 1, grant: Buffer.alloc(1) },
    });
    call.clear();
    expect({ ...call }).toStrictEqual({ ...bare, startedMs: 9, shard: 3 });
  });
});
