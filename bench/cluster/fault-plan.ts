import { setTimeout as sleep } from 'node:timers/promises';
import type { Restartable } from './restartable.ts';
import type { Fault, Timeline } from './timeline.ts';

/** How long everything takes. */
export interface Pace {
  /** Before the first fault. */
  readonly warmUpMs: number;
  /** From the kill to the start. */
  readonly downMs: number;
  /** From the moment in which it serves to the next fault. */
  readonly recoverMs: number;
  /** In the end, for locks that wait for the session of the last server still. */
  readonly settleMs: number;
}

/** About 90 s in all for six faults. */
export const FULL_PACE: Pace = { warmUpMs: 6_000, downMs: 6_000, recoverMs: 7_000, settleMs: 0 };

/** About 35 s: a server is back before its former session is over, and the next one goes then, so that their pauses may add up. */
export const QUICK_PACE: Pace = { warmUpMs: 2_500, downMs: 2_500, recoverMs: 1_800, settleMs: 3_500 };

export interface FaultPlanOptions {
  readonly processes: readonly Restartable[];
  readonly pace: Pace;
  readonly timeline: Timeline;
  /** The locks that stop for a while when a process is killed at the moment. */
  readonly touchedBy: (process: Restartable) => readonly string[];
  /** Ends it early. */
  readonly signal: AbortSignal;
}

/** Kills each process in turn, starts it again, and lets the cluster recover. */
export async function runFaultPlan({ processes, pace, ...options }: FaultPlanOptions): Promise<void> {
  const { timeline, signal } = options;
  const pause = (ms: number): Promise<void> => sleep(ms, undefined, { signal });
  await pause(pace.warmUpMs);
  for (const process of processes) {
    const fault = await kill(process, options);
    await pause(pace.downMs);
    fault.startedMs = timeline.nowMs;
    timeline.event(`start ${process.name}`);
    await process.start();
    fault.servesMs = timeline.nowMs;
    timeline.event(`${process.name} serves again`);
    await pause(pace.recoverMs);
    fault.endMs = timeline.nowMs;
  }
  await pause(pace.settleMs);
}

async function kill(
  process: Restartable,
  { timeline, touchedBy }: Omit<FaultPlanOptions, 'processes' | 'pace'>,
): Promise<Fault> {
  const role = await process.role();
  const fault: Fault = {
    ...{ name: process.name, kind: process.kind, role, touched: touchedBy(process) },
    killedMs: timeline.nowMs,
    ...{
      startedMs: Number.POSITIVE_INFINITY,
      servesMs: Number.POSITIVE_INFINITY,
      endMs: Number.POSITIVE_INFINITY,
    },
  };
  timeline.faults.push(fault);
  timeline.event(`kill ${labelOf(fault)}`);
  await process.kill();
  return fault;
}

/** What was killed, such as `ZooKeeper 3 (leader)`. */
export function labelOf({ name, role }: Pick<Fault, 'name' | 'role'>): string {
  return role === '' ? name : `${name} (${role})`;
}
