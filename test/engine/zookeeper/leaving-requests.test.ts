import { expect, it } from 'vitest';
import { LockCommand } from '../../../src/core/command.ts';
import { Claim } from '../../../src/engine/zookeeper/claim.ts';
import { LeavingRequests } from '../../../src/engine/zookeeper/leaving-requests.ts';
import { LockPaths } from '../../../src/engine/zookeeper/lock-place.ts';

const paths = new LockPaths();
let keys = 0;

function claimOf(fields: Partial<LockCommand>): Claim {
  const command = Object.assign(new LockCommand(), { name: 'a', ...fields });
  command.key.a = ++keys;
  return new Claim(command, paths.placeOf(command.name), 0);
}

it('is waited for by attempts for the same lock and by repeats of the same request, and by nobody else', async () => {
  const leaving = new LeavingRequests();
  const claim = claimOf({ requestId: 'request-1' });
  let end = (): void => {};
  claim.done = new Promise((resolve) => {
    end = resolve;
  });
  leaving.add(claim);
  const [attempt, repeat] = [claimOf({ tryOnly: true }), claimOf({ requestId: 'request-1' })];
  const others = [
    ...[claimOf({}), claimOf({ requestId: 'request-2' })],
    ...[claimOf({ name: 'b', tryOnly: true }), claimOf({ name: 'b', requestId: 'request-1' })],
  ];
  expect(others.map((other) => leaving.before(other))).toEqual([null, null, null, null]);
  const waits = [attempt, repeat].map((one) => leaving.before(one));
  let done = 0;
  for (const wait of waits) void wait!.then(() => done++);
  await Promise.resolve();
  expect(done).toBe(0);
  end();
  await Promise.all(waits);
  expect([attempt, repeat].map((one) => leaving.before(one))).toEqual([null, null]);
});
