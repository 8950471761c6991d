import type { Page } from 'playwright-core';

/** One task of a page's main thread, in ms. */
export interface Task {
  /** From its beginning to its end, also while the machine gave its core to somebody else. */
  readonly wallMs: number;
  /** What it has cost the core. */
  readonly cpuMs: number;
}

interface TraceEvent {
  readonly name: string;
  readonly pid: number;
  readonly tid: number;
  readonly dur?: number;
  readonly tdur?: number;
  readonly args?: { readonly name?: string };
}

/** Records the tasks of the page's main thread while `work` goes on. */
export async function recordTasks(page: Page, work: () => Promise<void>): Promise<readonly Task[]> {
  const session = await page.context().newCDPSession(page);
  const events: TraceEvent[] = [];
  session.on('Tracing.dataCollected', ({ value }) => events.push(...(value as unknown as TraceEvent[])));
  await session.send('Tracing.start', {
    transferMode: 'ReportEvents',
    traceConfig: {
      includedCategories: ['toplevel', 'devtools.timeline', '__metadata'],
      excludedCategories: ['*'],
    },
  });
  await work();
  const complete = new Promise((resolve) => session.once('Tracing.tracingComplete', resolve));
  await session.send('Tracing.end');
  await complete;
  return busiestOf(tasksByThread(events));
}

/** The tasks of each thread that runs the scripts of a page. Chromium keeps such processes at hand before it needs them. */
function tasksByThread(events: readonly TraceEvent[]): readonly (readonly Task[])[] {
  const mains = events.filter(({ name, args }) => name === 'thread_name' && args?.name === 'CrRendererMain');
  return mains.map((main) =>
    events
      .filter(({ name, pid, tid }) => name.endsWith('RunTask') && pid === main.pid && tid === main.tid)
      .map(({ dur = 0, tdur = 0 }) => ({ wallMs: dur / 1_000, cpuMs: tdur / 1_000 })),
  );
}

/** The one that did the most: the browser shows one page alone. */
function busiestOf(threads: readonly (readonly Task[])[]): readonly Task[] {
  const cost = (tasks: readonly Task[]): number => tasks.reduce((sum, { cpuMs }) => sum + cpuMs, 0);
  return [...threads].sort((left, right) => cost(right) - cost(left))[0] ?? [];
}
