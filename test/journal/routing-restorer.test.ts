import { describe, expect, it } from 'vitest';
import { Limits } from '../../src/base/limits.ts';
import { hashName, shardOf } from '../../src/base/name-hash.ts';
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

  it('takes each lock to the shard of its name', () => {
    const restorer = new RoutingRestorer(3, 7, NOW_MS);
    const names = Array.from({ length: 60 }, (_, i) => `lock/${i}`);
    for (const name of names) restorer.idleLock(name, 1, NOW_MS);
    const shards = names.map((name) => {
      const bytes = Buffer.from(name);
      return shardOf(hashName(bytes, 0, bytes.length), 3);
    });
    expect(new Set(shards).size).toBe(3);
    names.forEach((name, i) => {
      const found = restorer.cores.map((core) => LockCore.stateOf(core).locks.find(name) !== 0);
      expect(found.indexOf(true)).toBe(shards[i]);
      expect(found.lastIndexOf(true)).toBe(shards[i]);
    });
  });

  it('lets every shard go on above the last token of any, as a name may come from it', () => {
    const restorer = new RoutingRestorer(3, 7, NOW_MS);
    restorer.raiseTokens(5, 1);
    restorer.raiseTokens(4, 9);
    for (const core of restorer.cores)
      expect(LockCore.stateOf(core).lastToken).toMatchObject({ high: 5, low: 1 });
  });
});
