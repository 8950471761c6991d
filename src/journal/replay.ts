import type { RestoreTarget } from '../core/lock-restorer.ts';
import { HEADER_BYTES } from './batch-header.ts';
import type { DataFileId } from './compaction.ts';
import type { DiskFile } from './disk.ts';
import { RecordType } from './record.ts';
import { RecordReader } from './record-reader.ts';
import { type ScanResult, scanJournal } from './scan.ts';
import { StateFileError } from './state-error.ts';

/**
 * Reads a data file into a core, or several.
 *
 * @param onProgress told the offset behind each batch
 * @throws StateFileError
 */
export function replayFile(
  file: DiskFile,
  id: DataFileId,
  target: RestoreTarget,
  onProgress: (offset: number) => void = ignore,
): ScanResult {
  const reader = new RecordReader();
  const replay = new Replay(target);
  let offset = 0;
  try {
    return scanJournal(file, id.generation, id.seed, (bytes, start, end, header) => {
      reader.open(bytes, start, end);
      while (reader.next()) replay.apply(reader, header.nowMs);
      offset += HEADER_BYTES + header.length;
      onProgress(offset);
    });
  } catch (error) {
    // Behind a checksum that is right: it was written so, by a later version or by a mistake of this one.
    if (!(error instanceof ReplayMismatch || error instanceof RangeError)) throw error;
    throw new StateFileError('LDLM_STATE_VERSION', `${id.path}: offset ${offset}: ${error.message}`);
  }
}

function ignore(): void {}

/** A record does not fit the state that those before it have made. */
class ReplayMismatch extends Error {}

/** Builds a state from the records of a file, in their order. */
class Replay {
  /** Records before the end of the snapshot that the file begins with may repeat each other, or miss their claim. */
  #snapshotOver = false;
  readonly #target: RestoreTarget;

  constructor(target: RestoreTarget) {
    this.#target = target;
  }

  apply(record: RecordReader, nowMs: number): void {
    if (!this.#fits(record, nowMs) && this.#snapshotOver) {
      throw new ReplayMismatch(`a record of type ${record.type} contradicts those before it`);
    }
  }

  #fits(record: RecordReader, nowMs: number): boolean {
    const target = this.#target;
    const { command, token, name } = record;
    switch (record.type) {
      case RecordType.Grant: {
        const timeoutMs = command.lockTimeoutMs;
        const deadlineMs = timeoutMs > 0 ? nowMs + timeoutMs : Number.POSITIVE_INFINITY;
        return target.grant(command, token, record.session, nowMs, deadlineMs);
      }
      case RecordType.Held:
        return target.grant(command, token, record.session, record.sinceMs, record.deadlineMs);
      case RecordType.Release:
        return target.release(name, command.key, nowMs);
      case RecordType.Renew:
        return target.renew(name, command.key, command.lockTimeoutMs, record.deadlineMs);
      case RecordType.LockClosed:
        // A lock whose only grant was undone is known to nobody else.
        target.closeLock(name);
        return true;
      case RecordType.IdleLock:
        target.idleLock(name, command.size, nowMs);
        return true;
      case RecordType.ReleasedRequest:
        target.releasedRequest(record.memoryKey, record.forgetAtMs);
        return true;
      case RecordType.Tokens:
        target.raiseTokens(token.high, token.low);
        return true;
      case RecordType.SnapshotEnd:
        this.#snapshotOver = true;
        return true;
    }
  }
}
