import type { Environment } from '../../config/read-env.ts';
import { UsageError } from '../../config/usage-error.ts';
import { CommandFailure } from './command-failure.ts';
import { dial } from './dial.ts';
import { LockOutput, type OutputStream, ReaderGone } from './lock-output.ts';
import { findTarget } from './lock-target.ts';
import { pickAddress } from './pick-address.ts';
import { type LockWords, readLockWords } from './read-lock-words.ts';
import { showText } from './shown-text.ts';

/** What the program does its work with: the process's own, or a test's. */
export interface LockProgram {
  /** The words after the program's name. */
  readonly argv: readonly string[];
  readonly env: Environment;
  readonly stdout: OutputStream;
  readonly stderr: OutputStream;
  /** Aborted by SIGINT. */
  readonly interrupted: AbortSignal;
  /** Lowers the priority of this process. */
  giveWay(): void;
}

/** Exit codes; that of usage is Kong's, which LDLM uses. */
const exitOk = 0;
const exitFailure = 1;
const exitUsage = 80;
const exitInterrupted = 130;

/** Runs the program to its end and returns the exit code. What is not needed for a command is not loaded. */
export async function runLock(program: LockProgram): Promise<number> {
  const output = new LockOutput(program.stdout, program.env);
  try {
    const [command, ...words] = program.argv;
    if (command === 'run') {
      const { runWithLock } = await import('./run/run-command.ts');
      return await runWithLock(words, program.env);
    }
    const completion = await answerCompletion(program.argv);
    if (completion !== null) return await print(output, completion);
    const lockWords = readLockWords(program.argv);
    if (lockWords.flags.get('help') === true) {
      const { formatLockHelp } = await import('./lock-help.ts');
      return await print(output, await formatLockHelp(Math.min(output.columns, 120)));
    }
    if (lockWords.flags.get('version') === true) {
      const { formatVersion } = await import('../version.ts');
      return await print(output, formatVersion());
    }
    await Promise.race([runCommand(program, lockWords, output), abortOf(program.interrupted)]);
    return program.interrupted.aborted ? exitInterrupted : exitOk;
  } catch (error) {
    if (error instanceof ReaderGone) return exitOk;
    if (program.interrupted.aborted) return exitInterrupted;
    program.stderr.write(`${explainFailure(error)}\n`);
    return error instanceof UsageError ? exitUsage : exitFailure;
  }
}

function abortOf(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    signal.addEventListener('abort', () => resolve());
  });
}

async function runCommand(program: LockProgram, words: LockWords, output: LockOutput): Promise<void> {
  let target = findTarget(words.flags, program.env);
  if (target.kind === 'address') target = { ...target, address: await pickAddress(target.address) };
  else {
    await dial(target.path);
    // These read all that a server has, as fast as they can, beside it on the same processors.
    if (words.command === 'list' || words.command === 'watch') program.giveWay();
  }
  const { AdminClient } = await import('./admin-client.ts');
  const client = new AdminClient(target);
  try {
    await callServer(client, program, words, output);
  } finally {
    client.close();
  }
}

async function callServer(
  client: InstanceType<typeof import('./admin-client.ts')['AdminClient']>,
  program: LockProgram,
  { command, words, flags }: LockWords,
  output: LockOutput,
): Promise<void> {
  const [first = '', second = ''] = words;
  const isSet = (name: 'json' | 'waiters' | 'all') => flags.get(name) === true;
  switch (command) {
    case 'list': {
      const { listLocks } = await import('./list-command.ts');
      const query = { prefix: first, waiters: isSet('waiters'), json: isSet('json') };
      return listLocks(client, query, output, program.stderr);
    }
    case 'unlock': {
      const { unlockLock } = await import('./unlock-command.ts');
      return unlockLock(client, { name: first, key: second, all: isSet('all') }, output);
    }
    case 'watch': {
      const { watchLocks } = await import('./watch-command.ts');
      const query = { prefix: first, json: isSet('json') };
      return watchLocks(client, query, output, program.interrupted, program.stderr);
    }
    default: {
      const { printInfo } = await import('./info-command.ts');
      return printInfo(client, isSet('json'), output);
    }
  }
}

async function answerCompletion([command, ...words]: readonly string[]): Promise<string | null> {
  if (command !== 'completion' && command !== COMPLETION_REQUEST) return null;
  const { completeLockWords, formatLockCompletionScript } = await import('./lock-help.ts');
  if (command === COMPLETION_REQUEST) return (await completeLockWords(words)).join('\n');
  return words.length === 0 ? formatLockCompletionScript() : null;
}

/** What a shell's completion script calls the program with, followed by the words typed so far. */
const COMPLETION_REQUEST = '--get-yargs-completions';

async function print(output: LockOutput, text: string): Promise<number> {
  await output.write(text.endsWith('\n') ? text : `${text}\n`);
  return exitOk;
}

/** What a server says may hold anything. Its lines stay lines. */
function explainFailure(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  const shown = text.split('\n').map(showText).join('\n');
  if (error instanceof UsageError) return `ldlm-lock: error: ${shown}`;
  return error instanceof CommandFailure ? shown : `ldlm-lock: ${shown}`;
}
