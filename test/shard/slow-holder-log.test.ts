import { describe, expect, it } from 'vitest';
import { EngineCaller } from '../engine/engine-caller.ts';
import { openInline } from '../engine/open-inline.ts';

const WARNING = 'Lock is held for long';

/** An engine that warns after ten seconds. */
async function open(settings: { keepOnSessionEnd?: boolean } = {}): Promise<EngineCaller> {
  const caller = new EngineCaller();
  const core = {
    keepOnSessionEnd: false,
    gcIntervalMs: 3_600_000,
    gcMinIdleMs: 3_600_000,
    heldLongMs: 10_000,
  };
  return caller.attach(await openInline({ ...core, ...settings }, caller));
}

const warningsOf = (caller: EngineCaller) =>
  caller.notices.splice(0).map(({ session, message, attributes }) => [session, message, attributes]);

describe('the slow-holder log', () => {
  it('tells which lock is held for how long, by whom, and shows no more of the key than tells keys apart', async () => {
    const caller = await open();
    const lock = 'ключ';
    const whole = await caller.acquire({ name: lock, holder: 'жираф 7' }, 5);
    await caller.open.pass(10_250);
    const key = whole.slice(0, 8);
    expect(warningsOf(caller)).toEqual([[5, WARNING, { lock, key, holder: 'жираф 7', held_seconds: 10 }]]);
    await caller.open.pass(60_000);
    expect(warningsOf(caller)).toEqual([]);
  });

  it('names no session for a lock whose session is gone', async () => {
    const caller = await open({ keepOnSessionEnd: true });
    await caller.acquire({ name: 'a' }, 5);
    caller.endSession(5);
    await caller.open.pass(10_000);
    expect(warningsOf(caller)).toMatchObject([[0, WARNING, { lock: 'a', holder: '' }]]);
  });

  it('writes ten lines for a walk, and counts the rest in one more', async () => {
    const caller = await open();
    for (let i = 0; i < 10; i++) await caller.acquire({ name: `first ${i}` });
    await caller.open.pass(10_000);
    expect(warningsOf(caller).map(([, message]) => message)).toEqual(Array(10).fill(WARNING));
    for (let i = 0; i < 3_000; i++) await caller.acquire({ name: `second ${i}` });
    await caller.open.pass(10_000);
    const warnings = warningsOf(caller);
    expect(warnings).toHaveLength(11);
    expect(warnings[10]).toEqual([0, 'More locks are held for long', { count: 2_990 }]);
    await caller.acquire({ name: 'third' });
    await caller.open.pass(10_000);
    expect(warningsOf(caller)).toMatchObject([[1, WARNING, { lock: 'third' }]]);
  });

  it('cuts texts that are very long', async () => {
    const caller = await open();
    await caller.acquire({ name: 'n'.repeat(60_000) });
    await caller.open.pass(10_000);
    const [warning] = warningsOf(caller);
    expect(warning).toMatchObject([1, WARNING, { lock: `${'n'.repeat(256)}...` }]);
  });
});
