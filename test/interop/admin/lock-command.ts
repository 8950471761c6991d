import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type CommandEnd, LockCommand } from '../../clients/lock-command.ts';
import { peers } from '../peers.ts';
import { afterwards, launch, type ServerProcess } from '../server-process.ts';

/** The command, as whoever installs the package has it. */
export const lockProgram = `${peers.project}/node_modules/ldlm-ts/dist/src/cli/ldlm-lock.js`;

/** Runs `ldlm-lock` to its end. */
export function runLock(
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<CommandEnd> {
  return new LockCommand(args, env, lockProgram).end;
}

/** A path in a folder of its own, which is removed after the test. */
export function socketPath(): string {
  const folder = mkdtempSync(join(tmpdir(), 'ldlm-ipc-'));
  afterwards(() => rmSync(folder, { recursive: true, force: true }));
  return join(folder, 'a.sock');
}

export interface AdministeredServer {
  readonly server: ServerProcess;
  readonly address: string;
  readonly socket: string;
  /** Runs the command against this server. */
  readonly lock: (...args: readonly string[]) => Promise<CommandEnd>;
}

/** A server with a socket for one test. */
export async function launchAdministered(...args: readonly string[]): Promise<AdministeredServer> {
  const socket = socketPath();
  const { server, address } = await launch(['--ipc_socket_file', socket, ...args]);
  return { server, address, socket, lock: (...words) => runLock(['-s', socket, ...words]) };
}
