import { describe, expect, it } from 'vitest';
import type { LockEventReply, WatchStepReply } from '../../../src/cli/lock/admin-replies.ts';
import { LockOutput } from '../../../src/cli/lock/lock-output.ts';
import { watchLocks } from '../../../src/cli/lock/watch-command.ts';
import { holderReply, lockReply, waiterReply } from './example-replies.ts';
import { RecordedOutput } from './recorded-output.ts';

async function watch(
  steps: readonly WatchStepReply[],
  json = false,
  stdout = new RecordedOutput(),
  stderr = new RecordedOutput(),
  prefix = '',
) {
  const client = {
    async *watchLocks() {
      yield steps;
    },
  };
  const { signal } = new AbortController();
  await watchLocks(client, { prefix, json }, new LockOutput(stdout, {}), signal, stderr);
  return stdout.text;
}

const at = { shard: 0, sequence: '1' };
const event = (change: Partial<LockEventReply>): WatchStepReply => ({
  ...at,
  event: {
    type: 'GRANTED',
    name: 'work',
    size: 1,
    holder_count: '1',
    waiter_count: '2',
    time_ms: '1795962973237',
    ...change,
  },
});
const time = /\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z/g;

describe('watch', () => {
  it('prints a line for each event', async () => {
    const holder = { ...holderReply, holder: 'a "b"\n' };
    expect(await watch([event({ holder }), event({ type: 'LEFT', waiter: waiterReply })])).toBe(
      `2026-11-29T14:36:13.237Z granted  name="work" key=${holderReply.key} client=10.0.0.7:40 ` +
        'holder="a \\"b\\"\\n" holders=1 waiters=2\n' +
        '2026-11-29T14:36:13.237Z left     name="work" client=10.0.0.8:50 holder="patient" holders=1 waiters=2\n',
    );
  });

  it('prints at first who holds and who waits, since when', async () => {
    const text = await watch([
      { ...at, snapshot_begin: {} },
      { ...at, lock: lockReply },
      { ...at, snapshot_end: {} },
    ]);
    expect(text.replaceAll(time, 'TIME')).toBe(
      `TIME held     name="work" key=${holderReply.key} client=10.0.0.7:40 holder="worker 7"\n` +
        'TIME waits    name="work" client=10.0.0.8:50 holder="patient"\n',
    );
    const heldSince = Date.parse(text.slice(0, 24));
    expect(Math.abs(Date.now() - heldSince - 125_000)).toBeLessThan(5_000);
  });

  it('says what it has missed', async () => {
    const text = await watch([{ ...at, missed: { count: '7' } }]);
    expect(text.replaceAll(time, 'TIME')).toBe(
      'TIME missed   7 events that came too fast; how it is now follows\n',
    );
  });

  it('shows no control characters', async () => {
    const text = await watch([event({ name: 'x\x1b]0;t\x07', holder: { ...holderReply, key: '\x1b' } })]);
    expect(text).toContain('name="x\\u001b]0;t\\u0007" key=\\u001b');
  });

  it('colours what happened at a terminal, and nothing elsewhere', async () => {
    expect(await watch([event({})], false, new RecordedOutput(true))).toContain('\x1b[32mgranted \x1b[39m');
    expect(await watch([event({})])).not.toContain('\x1b');
  });

  it('tells somebody at a terminal once that it watches, even if nothing happens', async () => {
    const quiet = [{ ...at, snapshot_begin: {} }];
    const terminal = () => new RecordedOutput(true);
    const [all, some, none] = [terminal(), terminal(), new RecordedOutput()];
    expect(await watch([...quiet, ...quiet], false, terminal(), all)).toBe('');
    await watch(quiet, true, terminal(), some, 'a\x1b');
    await watch(quiet, false, terminal(), none);
    expect([all.text, some.text, none.text]).toEqual([
      'Watching all locks, until Ctrl-C ends it.\n',
      'Watching locks whose names begin with "a\\u001b", until Ctrl-C ends it.\n',
      '',
    ]);
  });

  it('prints each step as JSON', async () => {
    const text = await watch([{ ...at, snapshot_begin: {} }, event({ holder: holderReply })], true);
    expect(
      text
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line).step),
    ).toEqual(['snapshot_begin', 'event']);
  });
});
