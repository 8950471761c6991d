import type { Verdict } from './verdict.ts';

/**
 * The report of a load test in Markdown. The checks are counted in the heading over them: a line of its own with the
 * numbers is what the program ends with, and whoever adds those lines up is to find one.
 */
export function formatLoadReport(machine: string, sections: readonly string[], verdict: Verdict): string {
  const checks = verdict.lines.map((line) => `- ${line}`).join('\n');
  const parts = ['# Load test', machine, ...sections, `## Checks: ${verdict.summary()}`, checks];
  return `${parts.join('\n\n')}\n`;
}
