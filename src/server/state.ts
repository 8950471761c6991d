import { randomInt } from 'node:crypto';
import { resolve } from 'node:path';
import type { ServerOptions } from '../config/server-options.ts';
import { type ExclusiveFile, openExclusiveFile } from '../filelock/exclusive-file.ts';
import { FileLockedError } from '../filelock/file-lock-error.ts';
import { nodeDisk } from '../journal/node-disk.ts';
import { stateInUse, stateIoError } from '../journal/state-error.ts';
import { openStateFiles } from '../journal/state-files.ts';
import type { ShardJournalOptions } from '../shard/open-journal.ts';
import type { Logger } from './logger.ts';

/** The state file of a server that runs. Nobody else may use it meanwhile. */
export class ServerState {
  readonly hashSeed: number;
  /** One for each shard. */
  readonly journals: readonly ShardJournalOptions[];
  readonly #guard: ExclusiveFile;

  private constructor(guard: ExclusiveFile, hashSeed: number, journals: readonly ShardJournalOptions[]) {
    this.#guard = guard;
    this.hashSeed = hashSeed;
    this.journals = journals;
  }

  /**
   * Finds or begins the state of a server; null when it keeps none.
   *
   * @throws StateFileError, FileLockError
   */
  static async open(options: ServerOptions, logger: Logger): Promise<ServerState | null> {
    if (options.stateFile === '') return null;
    const path = resolve(options.stateFile);
    const guard = await openExclusiveFile(`${path}.lock`).catch((error: unknown) => {
      throw error instanceof FileLockedError ? stateInUse(path, error.holderPid) : error;
    });
    try {
      const { shards, stateRepair, stateSync, stateSyncIntervalMs, defaultLockTimeoutMs } = options;
      const notice = (message: string, attributes: object): void => logger.warn(attributes, message);
      const newSeed = randomInt(2 ** 32);
      const files = openStateFiles({
        disk: nodeDisk,
        path,
        shards,
        newSeed,
        repair: stateRepair,
        nowMs: Date.now(),
        notice,
      });
      const journalOptions = { sync: stateSync, syncIntervalMs: stateSyncIntervalMs, defaultLockTimeoutMs };
      const journals = files.data.map((id) => ({ ...id, ...journalOptions }));
      return new ServerState(guard, files.hashSeed, journals);
    } catch (error) {
      guard.close();
      throw stateIoError(path, error);
    }
  }

  /** Lets others use it. The shards must have closed their files. */
  close(): void {
    this.#guard.close();
  }
}
