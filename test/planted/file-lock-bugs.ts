import type { PlantedBug } from './planted-bug.ts';

const LOCK_FILE = 'test/filelock/lock-file';
const LOCK = 'test/filelock/file-lock';
const WAITING = 'test/filelock/file-lock-waiting';
const FILE = 'test/filelock/file-lock-file';
const HAMMER = 'test/filelock/unlink-hammer';

/** Who has a locked file, and which file that is. */
export const FILE_LOCK_BUGS: readonly PlantedBug[] = [
  {
    name: 'a locked file is not looked for at its path',
    file: 'src/filelock/lock-file.ts',
    find: 'kept = isAt(path, fd);',
    replace: 'kept = true;',
    tests: [LOCK_FILE, HAMMER],
    catches: 'two processes never hold the lock of one path',
  },
  {
    name: 'a lock file is unlinked after it is unlocked',
    file: 'src/filelock/file-hold.ts',
    find: 'if (this.#unlink) await unlinkLockedFile(this.path, holding.fd, holding.shared);\n    } finally {\n      closeSync(holding.fd);',
    replace:
      'closeSync(holding.fd);\n    } finally {\n      if (this.#unlink) await import("node:fs").then((fs) => fs.rmSync(this.path, { force: true }));',
    tests: [HAMMER],
    catches: 'two processes never hold the lock of one path',
  },
  {
    name: 'a file that others share is unlinked',
    file: 'src/filelock/lock-file.ts',
    find: 'if (shared && !(await tryFlock(fd))) return;',
    replace: 'if (shared) await tryFlock(fd);',
    tests: [LOCK_FILE, FILE],
    catches: 'nobody holds the lock alone beside those who share it',
  },
  {
    name: 'the file that has taken the place of ours is unlinked',
    file: 'src/filelock/lock-file.ts',
    find: 'if (isSameFile(lstatSync(path, { bigint: true }), fstatSync(fd, { bigint: true }))) unlinkSync(path);',
    replace: 'unlinkSync(path);',
    tests: [LOCK_FILE],
    catches: 'only the file that is locked is unlinked',
  },
  {
    name: 'a refused descriptor stays open',
    file: 'src/filelock/lock-file.ts',
    find: 'if (!kept) closeSync(fd);',
    replace: '',
    tests: [LOCK_FILE],
    catches: 'waiting costs no descriptors',
  },
  {
    name: 'two calls of one object take two locks',
    file: 'src/filelock/file-hold.ts',
    find: 'if (this.isInUse) return false;',
    replace: '',
    tests: [LOCK],
    catches: 'two tasks that share an object never hold its lock at a time',
  },
  {
    name: 'each look begins the timeout anew',
    file: 'src/filelock/wait-for-lock.ts',
    find: 'const leftMs = deadlineMs - performance.now();',
    replace: 'const leftMs = delay.nextMs() > 49 ? deadlineMs - performance.now() : timeoutMs;',
    tests: [WAITING],
    catches: 'a timeout is the whole time',
  },
  {
    name: 'a lock that its caller has given up is kept',
    file: 'src/filelock/file-lock.ts',
    find: 'if (waiting.signal?.aborted) await this.release();',
    replace: '',
    tests: [WAITING],
    catches: 'who is told that the lock is not taken does not hold it',
  },
];
