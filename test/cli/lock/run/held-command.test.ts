import { describe, expect, it, vi } from 'vitest';
import { canDieWithParent, HeldCommand } from '../../../../src/cli/lock/run/held-command.ts';
import { afterwards } from '../../../server/running-server.ts';

/** The largest text that Linux takes for a word or a variable. */
const WORD_BYTES_MAX = 128 * 1024;

function start(words: readonly [string, ...string[]], env: NodeJS.ProcessEnv = {}, diesWithParent = false) {
  const said: string[] = [];
  const write = vi.spyOn(process.stderr, 'write').mockImplementation((text) => said.push(String(text)) > 0);
  afterwards(() => write.mockRestore());
  const launch = { env: { ...process.env, ...env }, atTerminal: false, diesWithParent };
  const command = new HeldCommand(words, launch);
  afterwards(() => command.kill('SIGKILL'));
  return { command, said };
}

describe('the end of a command', () => {
  it.each<[what: string, script: string, code: number]>([
    ['its exit code', 'exit 7', 7],
    ['the signal that has ended it', 'kill -TERM $$', 128 + 15],
  ])('is told by %s', async (_what, script, code) => {
    expect(await start(['sh', '-c', script]).command.ended).toBe(code);
  });

  it.each<[what: string, word: string, code: number]>([
    ['is not there', '/no/such/program', 127],
    ['cannot be executed', '/', 126],
  ])('is that it %s', async (_what, word, code) => {
    const { command, said } = start([word]);
    expect(await command.ended).toBe(code);
    expect(said.join('')).toContain(`ldlm-lock: ${word}: `);
  });

  it.each([false, true])(
    'is that the system takes no such words (dies with its parent: %s)',
    async (dies) => {
      const { command, said } = start(
        ['true'],
        { LONG: 'x'.repeat(WORD_BYTES_MAX) },
        dies && canDieWithParent(),
      );
      expect(await command.ended).toBe(126);
      expect(said.join('')).toMatch(/^ldlm-lock: true: .*E2BIG/);
      command.kill('SIGTERM');
      await command.groupEnded(performance.now() + 60_000);
    },
  );
});

describe('the group of a command', () => {
  it('has its signals, and is waited for, and ended when its time is over', async () => {
    const { command } = start(['sh', '-c', 'trap "" TERM; sleep 60 & exit 3']);
    expect(await command.ended).toBe(3);
    const beganMs = performance.now();
    command.kill('SIGTERM');
    await command.groupEnded(beganMs + 200);
    expect(performance.now() - beganMs).toBeGreaterThanOrEqual(200);
    await command.groupEnded(performance.now() + 60_000);
    expect(performance.now() - beganMs).toBeLessThan(30_000);
  });
});
