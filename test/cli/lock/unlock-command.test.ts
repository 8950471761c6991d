import { describe, expect, it } from 'vitest';
import type { UnlockReply } from '../../../src/cli/lock/admin-replies.ts';
import { CommandFailure } from '../../../src/cli/lock/command-failure.ts';
import { LockOutput } from '../../../src/cli/lock/lock-output.ts';
import { unlockLock } from '../../../src/cli/lock/unlock-command.ts';
import { holderReply } from './example-replies.ts';
import { RecordedOutput } from './recorded-output.ts';

const done: UnlockReply = { released: [holderReply], released_count: '1', holders: [], holder_count: '0' };

async function unlock(reply: UnlockReply, stdout = new RecordedOutput(), name = 'work'): Promise<string> {
  const query = { name, key: '', all: false };
  await unlockLock({ unlock: async () => reply }, query, new LockOutput(stdout, {}));
  return stdout.text;
}

const refused = (code: string, message: string, more: Partial<UnlockReply> = {}): UnlockReply => ({
  ...done,
  released: [],
  released_count: '0',
  error: { code, message },
  ...more,
});

describe('unlock', () => {
  it("prints LDLM's line, and at a terminal who it was", async () => {
    expect(await unlock(done)).toBe('Unlocked: true\n');
    const terminal = () => new RecordedOutput(true);
    expect(await unlock(done, terminal())).toBe(
      'Unlocked: true\nIt was held for 2m05s by worker 7, 10.0.0.7:40.\n',
    );
    const elsewhere = { ...done, released: [{ ...holderReply, age_at_most: true }] };
    expect(await unlock(elsewhere, terminal())).toContain('It was held for at most 2m05s by worker 7');
    const stranger = { ...holderReply, holder: '', session: null };
    expect(await unlock({ ...done, released: [stranger], released_count: '9' }, terminal())).toBe(
      'Unlocked: true\nIt was held for 2m05s.\nAnd by 8 more.\n',
    );
  });

  it("fails with LDLM's texts", async () => {
    const unknown = 'a lock by that name does not exist';
    await expect(unlock(refused('LockDoesNotExist', unknown))).rejects.toThrow(new CommandFailure(unknown));
    await expect(unlock(refused('InvalidLockKey', 'invalid lock key'))).rejects.toThrow(
      new CommandFailure('failed to unlock lock: invalid lock key'),
    );
  });

  it('shows who is meant where that is not clear, and what to do', async () => {
    const holders = [holderReply, { ...holderReply, key: 'other-key', holder: 'red\x1b' }];
    const reply = refused('Unknown', 'several hold it', { holders, holder_count: '102' });
    await expect(unlock(reply, undefined, "it's")).rejects.toThrow(
      new CommandFailure(
        'failed to unlock lock: several hold it\n' +
          'KEY                                   HOLDER    CLIENT       AGE    LEFT\n' +
          `${holderReply.key}  worker 7  10.0.0.7:40  2m05s  1m00s\n` +
          'other-key                             red\\x1b   10.0.0.7:40  2m05s  1m00s\n' +
          'and 100 more\n' +
          "Name one by its key, or at least 8 characters of it: ldlm-lock unlock 'it'\\''s' <key>\n" +
          "Release all of them: ldlm-lock unlock 'it'\\''s' --all",
      ),
    );
  });
});
