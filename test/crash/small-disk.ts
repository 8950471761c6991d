import { execFileSync } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, rmdirSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterwards } from '../interop/server-process.ts';

const CHUNK = Buffer.alloc(4096);

/** A file system of its own, so small that it is soon full. Making it takes root. */
export class SmallDisk {
  readonly folder: string;
  readonly #filler: string;

  /** It is there until the test is over. */
  constructor(size: string) {
    this.folder = mkdtempSync(join(tmpdir(), 'ldlm-disk-'));
    this.#filler = join(this.folder, 'filler');
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${size}`, 'tmpfs', this.folder]);
    afterwards(() => {
      execFileSync('umount', [this.folder]);
      rmdirSync(this.folder);
    });
  }

  /** Takes all the room that is left. */
  fill(): void {
    const fd = openSync(this.#filler, 'a');
    try {
      while (writeSync(fd, CHUNK) > 0);
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'ENOSPC')) throw error;
    } finally {
      closeSync(fd);
    }
  }

  /** Gives back what {@link fill} has taken. */
  makeRoom(): void {
    rmSync(this.#filler);
  }
}
