import { spawn } from 'node:child_process';
import { once } from 'node:events';

/** Where the program finds the open file: behind its standard input, output and error output. */
const PROGRAM_FD = 3;
/** What flock(1) exits with when somebody else has the file locked, in util-linux and in BusyBox. */
const LOCKED_BY_ANOTHER = 1;

/**
 * Does what a call of flock(2) would do by running the program flock(1) on the open file. A flock belongs to the open
 * file, not to a process: the program takes it on the descriptor that it shares with this process, and ends at once,
 * while the lock stays until this process closes the descriptor or is killed. So nothing that could outlive this
 * process holds the lock, and nothing waits for it. Each call costs a process, which takes some milliseconds.
 *
 * @param shared beside others who share it, not beside one who has it alone.
 * @param reason why it is not called instead: the cause of what is thrown.
 * @throws Error when the program is not there, or the file system refuses the lock.
 */
export async function tryFlockByProgram(fd: number, shared: boolean, reason?: unknown): Promise<boolean> {
  const program = spawn('flock', ['-n', shared ? '-s' : '-x', String(PROGRAM_FD)], {
    stdio: ['ignore', 'ignore', 'pipe', fd],
  });
  let complaint = '';
  // There is no stream when the process could not be made.
  program.stderr?.setEncoding('utf8').on('data', (text: string) => {
    complaint += text;
  });
  const ended = once(program, 'close') as Promise<[number | null]>;
  const [exitCode] = await ended.catch((error: unknown) => {
    const why = error instanceof Error ? error.message : String(error);
    const text = `koffi cannot call flock here, nor can the program be run that would: ${why}`;
    throw new Error(text, { cause: reason ?? error });
  });
  if (exitCode === 0) return true;
  // BusyBox exits with the same code for a failure, which it explains.
  if (exitCode === LOCKED_BY_ANOTHER && complaint === '') return false;
  const text = complaint.trim() || `flock: ended with ${exitCode ?? program.signalCode}`;
  throw new Error(text, reason === undefined ? {} : { cause: reason });
}
