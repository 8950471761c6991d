import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { SessionDeadlines } from '../../../src/zookeeper/session/session-deadlines.ts';

const TIMEOUT_MS = 6_000;

describe('the deadlines of a session', () => {
  it('are a sixth without a proof, two thirds of silence, and all of it since what was proved', () => {
    const deadlines = new SessionDeadlines();
    deadlines.connected(TIMEOUT_MS, 900, 1_000);
    const all = () => [deadlines.proveAtMs, deadlines.silentAtMs, deadlines.expiresAtMs, deadlines.timeoutMs];
    expect(all()).toEqual([2_000, 5_000, 6_900, 6_000]);
    deadlines.sent(2_000);
    expect(all()).toEqual([3_000, 5_000, 6_900, 6_000]);
    deadlines.received(2_500);
    expect(all()).toEqual([3_000, 6_500, 6_900, 6_000]);
    // Less than what the greeting has proved.
    deadlines.answered(1_500);
    expect(all()).toEqual([3_000, 6_500, 6_900, 6_000]);
    deadlines.answered(3_000);
    expect(all()).toEqual([3_000, 6_500, 8_000, 6_000]);
    deadlines.answered(2_500);
    expect(all()).toEqual([3_000, 6_500, 8_000, 6_000]);
  });

  /**
   * A follower tells its leader at each of its ticks whom it has heard of since the one before, and passes proofs on, until it
   * is cut off; then it answers nothing but what is passed on to nobody.
   */
  it('end before the leader ends it, wherever a follower is cut off', () => {
    const ticks = fc.record({ tickMs: fc.integer({ min: 1, max: TIMEOUT_MS / 6 }), offsetMs: fc.nat(1_000) });
    fc.assert(
      fc.property(
        ticks,
        fc.integer({ min: 1, max: 40_000 }),
        fc.nat(300),
        ({ tickMs, offsetMs }, cutMs, wayMs) => {
          const deadlines = new SessionDeadlines();
          deadlines.connected(TIMEOUT_MS, 0, wayMs);
          // The greeting was passed on.
          let leaderEndMs = TIMEOUT_MS;
          let heardMs: number | null = null;
          let relayMs = offsetMs;
          for (let sentMs = wayMs; sentMs < cutMs; sentMs += TIMEOUT_MS / 6) {
            const arrivedMs = sentMs + wayMs;
            for (; relayMs <= Math.min(arrivedMs, cutMs); relayMs += tickMs) {
              if (heardMs !== null && heardMs <= relayMs)
                leaderEndMs = Math.max(leaderEndMs, relayMs + TIMEOUT_MS);
              heardMs = null;
            }
            heardMs = arrivedMs;
            if (arrivedMs < cutMs) deadlines.answered(sentMs);
          }
          expect(deadlines.expiresAtMs).toBeLessThanOrEqual(leaderEndMs);
        },
      ),
    );
  });
});
