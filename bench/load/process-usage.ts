import { readFileSync } from 'node:fs';

/** Linux gives times in /proc in hundredths of a second and memory in pages. */
const TICKS_PER_SECOND = 100;
const PAGE_BYTES = 4096;
/** Positions in /proc/PID/stat behind the name, which stands in parentheses. */
const USER_TICKS = 11;
const SYSTEM_TICKS = 12;

/** The processor time that a process with all of its threads has used so far. NaN where there is no /proc. */
export function readCpuSeconds(pid: number): number {
  const stat = readProc(`/proc/${pid}/stat`);
  if (stat === null) return Number.NaN;
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[USER_TICKS]) + Number(fields[SYSTEM_TICKS])) / TICKS_PER_SECOND;
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
