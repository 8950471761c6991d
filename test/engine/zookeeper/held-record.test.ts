import { describe, expect, it } from 'vitest';
import { LockCommand } from '../../../src/core/command.ts';
import { Claim } from '../../../src/engine/zookeeper/claim.ts';
import { claimOfRecord, isHeldRecord, recordOf } from '../../../src/engine/zookeeper/held-record.ts';
import { byteStringOf, LockPaths } from '../../../src/engine/zookeeper/lock-place.ts';

const paths = new LockPaths();

function held(requestId: string): Claim {
  const command = new LockCommand();
  command.name = byteStringOf('täsk/1');
  command.size = 3;
  command.lockTimeoutMs = 5_000;
  command.holder = byteStringOf('Zoë');
  command.requestId = requestId;
  const claim = new Claim(command, paths.placeOf(command.name), 1);
  const name = `_c_${claim.key}-lock-0000000007`;
  claim.node = {
    ...{ path: `${claim.place.base}/${name}`, name, prefix: `_c_${claim.key}-` },
    ...{ sessionId: 9n, czxid: 0x1_0000_0002n },
  };
  claim.state = 'held';
  claim.version = 4;
  return claim;
}

describe('the record of a held lock', () => {
  it.each(['', byteStringOf('request é 1')])(
    'comes back from a file as it was, with the id %j',
    (requestId) => {
      const claim = held(requestId);
      const record: unknown = JSON.parse(JSON.stringify(recordOf(claim)));
      if (!isHeldRecord(record)) throw new Error('it is no record');
      const restored = claimOfRecord(record, paths, 10n, 77);
      expect(restored).toMatchObject({
        ...{ key: claim.key, size: 3, mode: 0, holder: claim.holder, requestId, lockTimeoutMs: 5_000 },
        ...{ place: claim.place, state: 'held', grantedMs: 77, lockKey: claim.lockKey },
        node: { ...claim.node, sessionId: 10n },
      });
      expect(recordOf(restored)).toEqual({ ...recordOf(claim), version: 0 });
    },
  );

  it.each([
    null,
    'text',
    {},
    { ...recordOf(held('')), path: 5 },
    { ...recordOf(held('')), czxid: 'xyz' },
    { ...recordOf(held('')), czxid: '' },
    { ...recordOf(held('')), size: 1.5 },
    { ...recordOf(held('')), requestId: undefined },
    { ...recordOf(held('')), version: '4' },
  ])('is not taken for one that is none: %j', (value) => {
    expect(isHeldRecord(value)).toBe(false);
  });
});
