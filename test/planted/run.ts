import { fileURLToPath } from 'node:url';
import { PLANTED_BUGS } from './bugs.ts';
import type { PlantedBug } from './planted-bug.ts';
import { runTests, type TestRun } from './test-run.ts';
import { WorkingCopy } from './working-copy.ts';

/** How long the tests may take without any bug, and those of one bug. */
const ALL_MS_MAX = 600_000;
const BUG_MS_MAX = 60_000;

/**
 * Plants bugs one after the other and runs the tests that have to notice them. A bug that is not noticed is a hole in
 * the tests. Arguments, if any, choose the bugs whose name or file contains one of them.
 */
async function run(chosen: readonly PlantedBug[]): Promise<boolean> {
  // Built, this file is dist/test/planted/run.js.
  const copy = new WorkingCopy(fileURLToPath(new URL('../../..', import.meta.url)));
  process.once('exit', () => copy.remove());
  copy.build();
  const tests = [...new Set(chosen.flatMap((bug) => bug.tests))];
  const unpatched = await runTests(copy.folder, tests, ALL_MS_MAX);
  if (unpatched.outcome !== 'passed') {
    say(`The tests fail without any bug: ${unpatched.outcome}, ${unpatched.detail}`);
    return false;
  }
  let failed = 0;
  for (const bug of chosen) {
    const startMs = performance.now();
    const result = await tryBug(copy, bug);
    const caught = isCaught(bug, result);
    if (!caught) failed++;
    const seconds = ((performance.now() - startMs) / 1000).toFixed(1);
    say(`${caught ? 'caught' : 'MISSED'}  ${bug.name} (${bug.file}), ${seconds} s`);
    say(`        ${result.outcome}: ${result.detail || bug.catches}`);
  }
  say(`${chosen.length - failed} passed, ${failed} failed`);
  return failed === 0;
}

async function tryBug(copy: WorkingCopy, bug: PlantedBug): Promise<TestRun> {
  try {
    return await copy.withBug(bug, () => runTests(copy.folder, bug.tests, BUG_MS_MAX));
  } catch (error) {
    return { outcome: 'error', detail: String(error) };
  }
}

function isCaught({ hangs }: PlantedBug, { outcome }: TestRun): boolean {
  return outcome === 'assertion' || (outcome === 'hang' && hangs === true);
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

// Ended from outside, it still takes away its copy and its child.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1));

const filters = process.argv.slice(2);
const chosen = PLANTED_BUGS.filter(
  ({ name, file }) =>
    filters.length === 0 || filters.some((text) => name.includes(text) || file.includes(text)),
);
if (chosen.length === 0) {
  say('There is no such bug.');
  process.exitCode = 1;
} else if (!(await run(chosen))) {
  process.exitCode = 1;
}
