import { readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';

/**
 * The number of cores that this process may keep busy: the ones it may run on, cut down to the CPU quota of its
 * control group, which containers are given and `availableParallelism` does not look at. At least 1.
 *
 * @param cgroupRoot where control groups are mounted.
 */
export function detectCoreCount(cgroupRoot = '/sys/fs/cgroup'): number {
  const quota = readQuotaV2(cgroupRoot) ?? readQuotaV1(cgroupRoot) ?? Number.POSITIVE_INFINITY;
  return Math.max(1, Math.min(availableParallelism(), Math.floor(quota)));
}

/** `cpu.max` holds the quota, or `max` for none, and the period: `150000 100000` is one and a half cores. */
function readQuotaV2(cgroupRoot: string): number | null {
  const [quota, period] = readText(join(cgroupRoot, 'cpu.max'))?.trim().split(/\s+/) ?? [];
  return ratio(quota, period);
}

/** Version 1 keeps them in two files; a quota of -1 is none. */
function readQuotaV1(cgroupRoot: string): number | null {
  const quota = readText(join(cgroupRoot, 'cpu', 'cpu.cfs_quota_us'));
  const period = readText(join(cgroupRoot, 'cpu', 'cpu.cfs_period_us'));
  return ratio(quota, period);
}

function ratio(quota: string | undefined, period: string | undefined): number | null {
  const cores = Number(quota) / Number(period);
  return Number.isFinite(cores) && cores > 0 ? cores : null;
}

function readText(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    // No such control group: not Linux, or no limit is set.
    return undefined;
  }
}
