import type { DataFileId } from './compaction.ts';
import type { Disk } from './disk.ts';
import { decodeLdlmState } from './ldlm-state-file.ts';
import { decodeManifest, looksLikeManifest } from './manifest.ts';
import { replayFile } from './replay.ts';
import { RoutingRestorer } from './routing-restorer.ts';
import type { ScanResult } from './scan.ts';
import { filesOf, readStateFile } from './state-files.ts';

/** What a look at a state file has found. */
export interface StateReport {
  readonly isSound: boolean;
  /** For people, a fact a line. */
  readonly lines: readonly string[];
}

/**
 * Reads a state without changing it.
 *
 * @throws StateFileError when it is none, or cannot be read
 */
export function checkState(disk: Disk, path: string): StateReport {
  const bytes = readStateFile(disk, path);
  if (bytes.length === 0) return { isSound: true, lines: [`${path}: empty`] };
  if (!looksLikeManifest(bytes)) return describeLdlmState(bytes, path);
  const files = filesOf(path, decodeManifest(bytes, path));
  const lines: string[] = [];
  let isSound = true;
  for (const id of files.data) {
    const { text, sound } = checkDataFile(disk, id);
    lines.push(`${id.path}: ${text}`);
    isSound &&= sound;
  }
  return { isSound, lines: [`${path}: ${isSound ? 'sound' : 'damaged'}`, ...lines] };
}

function describeLdlmState(bytes: Buffer, path: string): StateReport {
  const { sessions, skipped } = decodeLdlmState(bytes, path);
  const holders = sessions.reduce((sum, { locks }) => sum + locks.length, 0);
  const what = `${path}: a state file of LDLM with ${holders} holders, which the next start takes over`;
  return {
    isSound: skipped.length === 0,
    lines: [what, ...skipped.map(({ name, reason }) => `left out: ${name}: ${reason}`)],
  };
}

function checkDataFile(disk: Disk, id: DataFileId): { text: string; sound: boolean } {
  if (!disk.exists(id.path)) return { text: 'missing', sound: false };
  const restorer = new RoutingRestorer(1, id.seed);
  const file = disk.open(id.path, false);
  try {
    const scan = replayFile(file, id, restorer);
    const { locks, holders } = restorer.cores[0]!.counters;
    const content = `${locks} locks, ${holders} holders, ${scan.batches} batches of ${scan.records} records in ${scan.offset} bytes`;
    return { text: `${content}; ${describeEnd(scan)}`, sound: scan.damagedOffset < 0 };
  } finally {
    file.close();
  }
}

function describeEnd(scan: ScanResult): string {
  if (scan.damagedOffset >= 0) return `damaged at offset ${scan.damagedOffset}`;
  if (scan.tornBytes > 0)
    return `${scan.tornBytes} bytes that a crash has torn, which the next start cuts off`;
  return scan.isClean ? 'closed in order' : 'not closed in order';
}
