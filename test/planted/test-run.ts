import { spawn } from 'node:child_process';
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';

/** How long one test may take that says nothing of its own. */
const TEST_MS_MAX = 15_000;

/**
 * What came of a run: all tests passed, one failed by an assertion, one was still waiting when its time was over, or
 * something else went wrong, which proves nothing.
 */
type Outcome = 'passed' | 'assertion' | 'hang' | 'error';

export interface TestRun {
  readonly outcome: Outcome;
  /** The title of the failed test, or what went wrong. */
  readonly detail: string;
}

interface Report {
  readonly success: boolean;
  readonly testResults: readonly {
    readonly message: string;
    readonly assertionResults: readonly {
      readonly status: string;
      readonly fullName: string;
      readonly failureMessages: readonly string[];
    }[];
  }[];
}

/** Runs these test files in a copy of the repository, up to the first failure, for no longer than `runMsMax`. */
export async function runTests(folder: string, tests: readonly string[], runMsMax: number): Promise<TestRun> {
  const reportFile = join(folder, 'report.json');
  rmSync(reportFile, { force: true });
  const timedOut = await runVitest(folder, runMsMax, [
    ...['run', '--config', 'test/vitest.config.ts', '--bail=1', `--testTimeout=${TEST_MS_MAX}`],
    ...['--reporter=json', `--outputFile=${reportFile}`],
    ...tests.map((test) => `${test}.test.ts`),
  ]);
  if (timedOut) return { outcome: 'hang', detail: `no end after ${runMsMax / 1000} s` };
  if (!existsSync(reportFile)) return { outcome: 'error', detail: 'vitest has written no report' };
  return judge(JSON.parse(readFileSync(reportFile, 'utf8')) as Report);
}

/** Resolves with whether it had to be ended. It has a process group of its own, for its forks to be ended with it. */
function runVitest(folder: string, runMsMax: number, args: readonly string[]): Promise<boolean> {
  const vitest = join(folder, 'node_modules/vitest/vitest.mjs');
  const child = spawn(process.execPath, [vitest, ...args], { cwd: folder, detached: true, stdio: 'ignore' });
  const end = (): void => {
    if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL');
  };
  process.once('exit', end);
  return new Promise((resolve, reject) => {
    let timedOut = false;
    const timer = setTimeout(() => {
      timedOut = true;
      end();
    }, runMsMax);
    child.once('error', reject);
    child.once('close', () => {
      clearTimeout(timer);
      process.off('exit', end);
      resolve(timedOut);
    });
  });
}

function judge(report: Report): TestRun {
  for (const { message, assertionResults } of report.testResults) {
    const failed = assertionResults.find(({ status }) => status === 'failed');
    if (failed === undefined) {
      // Not a test but its file has failed.
      if (message !== '') return { outcome: 'error', detail: firstLine(message) };
      continue;
    }
    const outcome = judgeFailure(failed.failureMessages.join('\n'));
    const reason = outcome === 'error' ? `: ${firstLine(failed.failureMessages[0] ?? '')}` : '';
    return { outcome, detail: `${failed.fullName}${reason}` };
  }
  return report.success
    ? { outcome: 'passed', detail: '' }
    : { outcome: 'error', detail: 'an error outside of all tests' };
}

/** A test may also throw what is no AssertionError, as checks of invariants do: then its file is the first of the stack. */
function judgeFailure(message: string): Outcome {
  if (/AssertionError|Property failed/.test(message)) return 'assertion';
  if (/timed out/i.test(message)) return 'hang';
  const thrownAt = /^ +at .*/m.exec(message)?.[0] ?? '';
  return thrownAt.includes('/test/') ? 'assertion' : 'error';
}

function firstLine(text: string): string {
  return text.split('\n', 1)[0]!;
}
