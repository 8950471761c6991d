import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { SessionDeadlines } from '../../../src/zookeeper/session/session-deadlines.ts';

describe('the deadlines of a session', () => {
  it('are a third without a request, two thirds without an answer, and all of it since the answered one was sent', () => {
    const deadlines = new SessionDeadlines();
    deadlines.connected(6_000, 900, 1_000);
    const all = () => [deadlines.pingAtMs, deadlines.silentAtMs, deadlines.expiresAtMs, deadlines.timeoutMs];
    expect(all()).toEqual([3_000, 5_000, 6_900, 6_000]);
    deadlines.sent(2_000);
    expect(all()).toEqual([4_000, 5_000, 6_900, 6_000]);
    deadlines.received(2_500);
    expect(all()).toEqual([4_000, 6_500, 6_900, 6_000]);
    deadlines.answered(2_000);
    expect(all()).toEqual([4_000, 6_500, 8_000, 6_000]);
    deadlines.answered(1_500);
    expect(all()).toEqual([4_000, 6_500, 8_000, 6_000]);
  });

  /** The server counts from the arrival of what was sent, if it arrives; answers may come late or never. */
  it('end before the server does, whatever the network does', () => {
    const step = fc.record({
      afterMs: fc.nat(2_000),
      onWayMs: fc.option(fc.nat(3_000)),
      backMs: fc.option(fc.nat(3_000)),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 20 }), fc.nat(500), (steps, firstOnWayMs) => {
        const deadlines = new SessionDeadlines();
        deadlines.connected(4_000, 0, firstOnWayMs + 1);
        let serverEndMs = firstOnWayMs + 4_000;
        let sentMs = firstOnWayMs + 1;
        const answers: { readonly atMs: number; readonly sentMs: number }[] = [];
        for (const { afterMs, onWayMs, backMs } of steps) {
          sentMs += afterMs;
          if (onWayMs === null || sentMs + onWayMs >= serverEndMs) continue;
          serverEndMs = Math.max(serverEndMs, sentMs + onWayMs + 4_000);
          if (backMs !== null) answers.push({ atMs: sentMs + onWayMs + backMs, sentMs });
        }
        for (const answer of answers.sort((a, b) => a.atMs - b.atMs)) {
          if (answer.atMs >= deadlines.expiresAtMs) break;
          deadlines.answered(answer.sentMs);
        }
        expect(deadlines.expiresAtMs).toBeLessThanOrEqual(serverEndMs);
      }),
    );
  });
});
