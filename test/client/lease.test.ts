import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Lease } from '../../src/client/lease.ts';

describe('a lease', () => {
  it('counts from when the request was sent, and is renewed after a third', () => {
    const lease = new Lease(30_000, 1_000);
    expect([lease.deadlineMs, lease.renewMs]).toEqual([30_970, 11_000]);
    expect([lease.isOver(30_969.9), lease.isOver(30_970)]).toEqual([false, true]);
    lease.renewed(11_000, 30_000);
    expect([lease.deadlineMs, lease.renewMs]).toEqual([40_970, 21_000]);
  });

  it('can be made longer and shorter', () => {
    const lease = new Lease(30_000, 0);
    lease.renewed(100, 60_000);
    expect([lease.timeoutMs, lease.deadlineMs]).toEqual([60_000, 60_040]);
    lease.renewed(200, 1_000);
    expect([lease.timeoutMs, lease.deadlineMs]).toEqual([1_000, 1_199]);
  });

  it('is not set back by the answer to an earlier renewal', () => {
    const lease = new Lease(3_000, 0);
    lease.renewed(2_000, 3_000);
    lease.renewed(1_000, 3_000);
    expect([lease.deadlineMs, lease.renewMs]).toEqual([4_997, 3_000]);
  });

  it('lasts no longer than the server can answer for it, and is renewed by that', () => {
    const lease = new Lease(30_000, 1_000, 6_000);
    expect([lease.isBounded, lease.deadlineMs, lease.renewMs]).toEqual([true, 6_994, 3_000]);
    lease.renewed(3_000, 30_000, 9_000);
    expect([lease.deadlineMs, lease.renewMs]).toEqual([11_991, 6_000]);
    lease.failed(20_000);
    for (let i = 0; i < 9; i++) lease.failed(20_000);
    expect(lease.renewMs).toBe(20_450);
    lease.renewed(6_000, 3_000, 9_000);
    expect([lease.deadlineMs, lease.renewMs]).toEqual([8_997, 7_000]);
    expect(new Lease(30_000, 0).isBounded).toBe(false);
  });

  it('can be confirmed, by which its timeout is not longer', () => {
    const lease = new Lease(10_000, 0, 6_000);
    lease.confirmed(2_000, 6_000);
    expect([lease.timeoutMs, lease.deadlineMs, lease.renewMs]).toEqual([10_000, 7_994, 4_000]);
    lease.confirmed(8_000, 6_000);
    expect(lease.deadlineMs).toBe(9_990);
    // Sent before that.
    lease.confirmed(7_000, 100);
    expect(lease.deadlineMs).toBe(9_990);
  });

  it('stays as short as a renewal asked for that was not answered, whatever is confirmed', () => {
    const lease = new Lease(30_000, 0, 6_000);
    lease.renewing(1_000, 3_000);
    lease.confirmed(2_000, 6_000);
    expect(lease.deadlineMs).toBe(3_997);
  });

  it('is renewed every 20 seconds however long it is', () => {
    expect(new Lease(600_000, 1_000).renewMs).toBe(21_000);
  });

  it('may be as short as a renewal asked for that was not answered', () => {
    const lease = new Lease(30_000, 0);
    lease.renewing(1_000, 5_000);
    expect(lease.deadlineMs).toBe(5_995);
    lease.renewing(1_000, 60_000);
    expect(lease.deadlineMs).toBe(5_995);
    lease.renewed(2_000, 5_000);
    // Sent before that, and answered behind it.
    lease.renewed(1_500, 30_000);
    expect([lease.timeoutMs, lease.deadlineMs]).toEqual([5_000, 6_995]);
  });

  it('tries again soon after a renewal without an answer, but not without a pause', () => {
    const lease = new Lease(30_000, 0);
    const pauses = Array.from({ length: 9 }, () => {
      lease.failed(10_000);
      return lease.renewMs - 10_000;
    });
    expect(pauses).toEqual([25, 50, 100, 200, 400, 800, 1_500, 1_500, 1_500]);
    const short = new Lease(100, 0);
    for (const nowMs of [40, 65]) {
      short.failed(nowMs);
      expect(short.renewMs).toBe(nowMs + 25);
    }
    lease.hurry(10_100);
    expect(lease.renewMs).toBe(10_100);
    lease.hurry(10_200);
    expect(lease.renewMs).toBe(10_100);
    lease.failed(10_100);
    expect(lease.renewMs).toBe(10_125);
    lease.renewed(10_200, 30_000);
    lease.failed(30_000);
    expect(lease.renewMs).toBe(30_025);
  });

  /** The server counts from the arrival of each request, which is after its sending; answers may come late or never. */
  it('is over before the server thinks so, whatever the network does', () => {
    const step = fc.record({
      afterMs: fc.nat(2_000),
      onWayMs: fc.nat(3_000),
      backMs: fc.option(fc.nat(3_000)),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 20 }), fc.nat(500), (steps, firstOnWayMs) => {
        const timeoutMs = 1_000;
        const lease = new Lease(timeoutMs, 0);
        let serverUntilMs = firstOnWayMs + timeoutMs;
        let sentMs = 0;
        const events: { atMs: number; happen: () => void }[] = [];
        for (const { afterMs, onWayMs, backMs } of steps) {
          sentMs += afterMs;
          const [sent, arrivedMs] = [sentMs, sentMs + onWayMs];
          const happen = (): void => {
            if (arrivedMs >= serverUntilMs) return;
            serverUntilMs = arrivedMs + timeoutMs;
            if (backMs !== null) {
              events.push({ atMs: arrivedMs + backMs, happen: () => lease.renewed(sent, timeoutMs) });
              events.sort((a, b) => a.atMs - b.atMs);
            }
          };
          events.push({ atMs: arrivedMs, happen });
        }
        events.sort((a, b) => a.atMs - b.atMs);
        for (let event = events.shift(); event !== undefined; event = events.shift()) {
          event.happen();
          expect(lease.deadlineMs).toBeLessThanOrEqual(serverUntilMs);
        }
      }),
    );
  });
});
