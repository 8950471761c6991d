import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

/** The built `ldlm-lock`. */
const builtCommand = fileURLToPath(new URL('../../dist/src/cli/ldlm-lock.js', import.meta.url));

export interface CommandEnd {
  /** Null when a signal killed it. */
  readonly exitCode: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** The command `ldlm-lock` as a process of its own, with no variables of LDLM but those in `env`. */
export class LockCommand {
  readonly child: ChildProcess;
  readonly end: Promise<CommandEnd>;
  stdout = '';
  stderr = '';

  constructor(
    args: readonly string[],
    env: Readonly<Record<string, string>> = {},
    program: string = builtCommand,
  ) {
    const inherited = Object.entries(process.env).filter(([name]) => !name.startsWith('LDLM_'));
    this.child = spawn(process.execPath, [program, ...args], {
      env: { ...Object.fromEntries(inherited), ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.child.stdout!.setEncoding('utf8').on('data', (text: string) => {
      this.stdout += text;
    });
    this.child.stderr!.setEncoding('utf8').on('data', (text: string) => {
      this.stderr += text;
    });
    this.end = once(this.child, 'close').then(([exitCode]) => ({
      exitCode: exitCode as number | null,
      stdout: this.stdout,
      stderr: this.stderr,
    }));
  }
}

/** Runs `ldlm-lock` to its end. */
export function runLockCommand(
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<CommandEnd> {
  return new LockCommand(args, env).end;
}
