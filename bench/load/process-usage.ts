import { readdirSync, readFileSync } from 'node:fs';

/** Linux gives times in /proc in hundredths of a second and memory in pages. */
const TICKS_PER_SECOND = 100;
const PAGE_BYTES = 4096;
/** Positions in /proc/PID/stat behind the name, which stands in parentheses. */
const USER_TICKS = 11;
const SYSTEM_TICKS = 12;

/**
 * The processor time that a process with all of its threads has used so far, to the nanosecond where the kernel keeps
 * that for each thread: then without threads that have ended, of which our servers have none. NaN where there is no /proc.
 */
export function readCpuSeconds(pid: number): number {
  const nanos = readThreadNanos(pid);
  if (nanos > 0) return nanos / 1e9;
  const stat = readProc(`/proc/${pid}/stat`);
  if (stat === null) return Number.NaN;
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[USER_TICKS]) + Number(fields[SYSTEM_TICKS])) / TICKS_PER_SECOND;
}

/** 0 where the kernel does not say. The first number of `schedstat` is the time on a processor. */
function readThreadNanos(pid: number): number {
  let nanos = 0;
  for (const thread of listThreads(pid)) {
    nanos += Number((readProc(`/proc/${pid}/task/${thread}/schedstat`) ?? '0').split(' ')[0]);
  }
  return nanos;
}

function listThreads(pid: number): readonly string[] {
  try {
    return readdirSync(`/proc/${pid}/task`);
  } catch {
    return [];
  }
}

/** The memory of a process that is resident. NaN where there is no /proc. */
export function readResidentBytes(pid: number): number {
  const statm = readProc(`/proc/${pid}/statm`);
  return statm === null ? Number.NaN : Number(statm.split(' ')[1]) * PAGE_BYTES;
}

/** How many files, and so connections, this process may have open; Infinity where it is not known. */
export function readOpenFilesMax(): number {
  const line = /^Max open files\s+(\d+)/m.exec(readProc('/proc/self/limits') ?? '');
  return line === null ? Number.POSITIVE_INFINITY : Number(line[1]);
}

/** How busy the machine is: the load average of the last minute. */
export function readLoadAverage(): number {
  return Number((readProc('/proc/loadavg') ?? 'NaN').split(' ')[0]);
}

function readProc(path: string): string | null {
  try {
    return readFileSync(path, 'latin1');
  } catch {
    return null;
  }
}
