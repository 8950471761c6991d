import { describe, expect, it } from 'vitest';
import { Limits } from '../../src/base/limits.ts';
import { LockCommand } from '../../src/core/command.ts';
import { LockCore } from '../../src/core/lock-core.ts';
import { FencingToken } from '../../src/core/sink.ts';
import { RoutingRestorer } from '../../src/journal/routing-restorer.ts';

const NOW_MS = 1_000_000;

describe('RoutingRestorer', () => {
  it('remembers what one file released lately, however much another one released long ago', () => {
    const restorer = new RoutingRestorer(1, 7, NOW_MS);
    const command = Object.assign(new LockCommand(), { name: 'a' });
    const token = new FencingToken();
    const lockAndRelease = (requestId: string, releasedMs: number): void => {
      command.requestId = requestId;
      token.low++;
      restorer.grant(command, token, 1, releasedMs, Number.POSITIVE_INFINITY);
      restorer.release(command.name, command.key, releasedMs);
    };
    const remembers = (requestId: string): boolean =>
      LockCore.stateOf(restorer.cores[0]!).requests.find('a', requestId, NOW_MS) !== 0;

    lockAndRelease('of-the-first-file', NOW_MS - Limits.requestMemoryMs + 1);
    restorer.releasedRequest('\x08snapshota', NOW_MS + 1);
    for (let i = 0; i <= Limits.requestMemoryCountMax; i++) {
      lockAndRelease(`${i}-of-the-second-file`, NOW_MS - Limits.requestMemoryMs);
      restorer.releasedRequest(`\x08snapshot-${i}`, NOW_MS);
    }
    expect(remembers('of-the-first-file')).toBe(true);
    expect(remembers('snapshot')).toBe(true);
    expect(remembers('0-of-the-second-file')).toBe(false);
    expect(LockCore.stateOf(restorer.cores[0]!).requests.count).toBe(2);
  });
});
