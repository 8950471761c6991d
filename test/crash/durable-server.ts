import { afterwards, ServerProcess } from '../interop/server-process.ts';
import { builtProgram } from './crash-run.ts';

/** Starts the built server with a state file. It is killed after the test, if it still runs. */
export async function startDurable(
  stateFile: string,
  ...args: readonly string[]
): Promise<{ readonly server: ServerProcess; readonly address: string }> {
  const server = new ServerProcess(
    ['--listen_address', '127.0.0.1:0', '--log_level', 'warn', '--state_file', stateFile, ...args],
    {},
    builtProgram,
  );
  afterwards(() => kill(server));
  return { server, address: await server.ready() };
}

/** Kills it, and waits until it is gone. */
export async function kill(server: ServerProcess): Promise<void> {
  server.signal('SIGKILL');
  await server.end;
}
