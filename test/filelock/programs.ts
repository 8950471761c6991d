import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { onTestFinished } from 'vitest';

/** Runs a program to its end and returns its exit status. */
export function runProgram(command: string, ...args: readonly string[]): number | null {
  const { error, status } = spawnSync(command, args);
  if (error !== undefined) throw error;
  return status;
}

/** Starts a program and waits until it says something; it ends with the test at the latest. */
export async function startProgram(
  command: string,
  ...args: readonly string[]
): Promise<[ChildProcess, string]> {
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  onTestFinished(() => void child.kill('SIGKILL'));
  const [word] = (await once(child.stdout, 'data')) as [Buffer];
  return [child, word.toString().trim()];
}

/** Ends a program so that it can do nothing about it. */
export async function killProgram(child: ChildProcess): Promise<void> {
  child.kill('SIGKILL');
  await once(child, 'exit');
}
