import { closeSync, fsyncSync, openSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { describeFileError } from '../config/file-error.ts';
import { LdlmServerError } from '../contract/server-error.ts';
import { type HeldRecord, isHeldRecord } from '../engine/zookeeper/held-record.ts';
import { type ExclusiveFile, openExclusiveFile } from '../filelock/exclusive-file.ts';
import { FileLockError } from '../filelock/file-lock-error.ts';
import type { SessionTicket } from '../zookeeper/wire/handshake.ts';

const VERSION = 1;

/** A session file that cannot be used. The message says what to do. */
export class SessionFileError extends LdlmServerError {
  constructor(message: string, options?: ErrorOptions) {
    super('LDLM_SESSION_FILE', message, options);
  }
}

/** What a server that has stopped has left to the next one. */
export interface SavedSession {
  readonly ticket: SessionTicket;
  /** The locks that were held; none when it did not stop in order. */
  readonly held: readonly HeldRecord[];
}

/**
 * Where a server keeps its session with ZooKeeper, so that the next one can go on with it. Whoever has the file has the session,
 * so it is the owner's alone, and one server's at a time.
 */
export class SessionFile {
  readonly #path: string;
  readonly #chroot: string;
  readonly #guard: ExclusiveFile;

  private constructor(path: string, chroot: string, guard: ExclusiveFile) {
    this.#path = path;
    this.#chroot = chroot;
    this.#guard = guard;
  }

  /**
   * @param chroot below which the locks are; empty for the root. The servers of the ensemble do not stand in the file: the same
   * ones have many names, and others do not know the session.
   * @throws FileLockedError when another server uses it, SessionFileError
   */
  static async open(file: string, chroot: string): Promise<SessionFile> {
    const path = resolve(file);
    const guard = await openExclusiveFile(`${path}.lock`).catch((error: unknown) => {
      if (!(error instanceof FileLockError)) throw error;
      throw new SessionFileError(`zookeeper_session_file: ${error.message}`, { cause: error });
    });
    return new SessionFile(path, chroot, guard);
  }

  /** Null: there is none. @throws SessionFileError */
  read(): SavedSession | null {
    let text: string;
    try {
      text = readFileSync(this.#path, 'utf8');
    } catch (error) {
      if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null;
      throw new SessionFileError(`zookeeper_session_file: ${describeFileError(error, this.#path)}`);
    }
    const saved = parse(text);
    if (saved === null)
      throw new SessionFileError(
        `${this.#path} is no session file of this server: give another path with --zookeeper_session_file, or remove it`,
      );
    this.#checkChroot(saved.chroot);
    return { ticket: saved.ticket, held: saved.held };
  }

  /** The file is the old one or the new one, whatever happens meanwhile. @throws SessionFileError */
  write({ ticket, held }: SavedSession): void {
    const session = BigInt.asUintN(64, ticket.sessionId).toString(16);
    const password = ticket.password.toString('base64');
    const text = `${JSON.stringify({ version: VERSION, session, password, chroot: this.#chroot, held })}\n`;
    const temporary = `${this.#path}.new`;
    try {
      // One that was left behind may be open to others.
      rmSync(temporary, { force: true });
      const fd = openSync(temporary, 'wx', 0o600);
      try {
        writeFileSync(fd, text);
        fsyncSync(fd);
      } finally {
        closeSync(fd);
      }
      renameSync(temporary, this.#path);
    } catch (error) {
      throw new SessionFileError(`zookeeper_session_file: ${describeFileError(error, temporary)}`, {
        cause: error,
      });
    }
  }

  close(): void {
    this.#guard.close();
  }

  /** With the session it would keep alive what is held elsewhere, which it does not see and nobody ends. */
  #checkChroot(saved: string | null): void {
    const chroot = this.#chroot;
    if (saved === null || saved === chroot) return;
    throw new SessionFileError(
      `zookeeper_session_file: ${this.#path} has locks of the chroot ${saved || '/'}, and zookeeper_connect has ` +
        `the chroot ${chroot || '/'}: go back to that chroot, give another path, or remove the file, and they end ` +
        'with their session',
    );
  }
}

/** What files say: those of earlier releases nothing of the chroot. */
function parse(text: string): (SavedSession & { readonly chroot: string | null }) | null {
  try {
    const saved = JSON.parse(text) as Readonly<Record<string, unknown>>;
    const { version, session, password, chroot = null, held } = saved;
    if (version !== VERSION || typeof session !== 'string' || typeof password !== 'string') return null;
    if (chroot !== null && typeof chroot !== 'string') return null;
    if (!Array.isArray(held) || !held.every(isHeldRecord)) return null;
    const sessionId = BigInt.asIntN(64, BigInt(`0x${session}`));
    return { ticket: { sessionId, password: Buffer.from(password, 'base64') }, chroot, held };
  } catch {
    return null;
  }
}
