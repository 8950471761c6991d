import { expect, it, vi } from 'vitest';
import { formatLoadReport } from './load/load-report.ts';
import { Verdict } from './load/verdict.ts';

it('tells the checks of a load test with their numbers, but not in a line that a suite is counted by', () => {
  const written = vi.spyOn(process.stdout, 'write').mockReturnValue(true);
  const verdict = new Verdict();
  verdict.check(true, 'locks are locks', '9 calls');
  verdict.check(false, 'it is fast', '3 times');
  written.mockRestore();
  const report = formatLoadReport('2 cores', ['## Speed\n\n| a table |'], verdict);
  expect(report).toBe(
    '# Load test\n\n2 cores\n\n## Speed\n\n| a table |\n\n## Checks: 1 passed, 1 failed\n\n' +
      '- ok: locks are locks (9 calls)\n- FAILED: it is fast (3 times)\n',
  );
  // What .ci/run takes for the summary of a suite.
  expect(`${report}${verdict.summary()}`.match(/^[0-9]+ passed, [0-9]+ failed$/gm)).toHaveLength(1);
});
