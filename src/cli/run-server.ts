import type { DestinationStream } from 'pino';
import { ConfigError } from '../config/config-error.ts';
import { ListenAddressError } from '../config/listen-address.ts';
import type { OptionValues } from '../config/option-table.ts';
import { type Environment, readEnv } from '../config/read-env.ts';
import { readFlags } from '../config/read-flags.ts';
import { readOptions } from '../config/read-options.ts';
import type { ServerOptions } from '../config/server-options.ts';
import { formatEnvTemplate, formatYamlTemplate } from '../config/templates.ts';
import { UsageError } from '../config/usage-error.ts';
import { checkStateFile } from '../server/check-state-file.ts';
import { IpcSocketError } from '../server/ipc/ipc-socket-error.ts';
import { createLogger, type Logger } from '../server/logger.ts';
import { TlsOptionsError } from '../server/tls-context.ts';
import { completeWords, completionRequestFlag, formatCompletionScript, formatHelp } from './command-line.ts';
import { type SignalSource, StopSignals } from './stop-signals.ts';
import { formatVersion } from './version.ts';

/** What the program needs of a server that runs. */
interface RunningServer {
  /** Stops in order. */
  close(): Promise<void>;
  /** Settles when the server has stopped; rejects when it could not go on, which it has logged then. */
  readonly closed: Promise<void>;
}

interface StartOptions extends ServerOptions {
  readonly logger: Logger;
  /** Somebody wants the server to stop, which may not have started yet. */
  readonly signal: AbortSignal;
}

/** What the program does its work with: the process's own, or a test's. */
export interface ServerProgram {
  /** The words after the program's name. */
  readonly argv: readonly string[];
  readonly env: Environment;
  readonly stdout: { write(text: string): unknown };
  readonly stderr: { write(text: string): unknown };
  /** The width of the terminal. */
  readonly columns: number;
  readonly signals: SignalSource;
  /** Where log lines go; stderr when absent. */
  readonly logStream?: DestinationStream;
  startServer(options: StartOptions): Promise<RunningServer>;
}

/** Exit codes. After a second signal it is 128 and the signal's number. */
const exitOk = 0;
const exitFailure = 1;
const exitUsage = 2;

/**
 * Runs the server program to its end.
 *
 * @returns the exit code: 0 after an orderly stop and where only text was asked for, 2 for options that cannot be used,
 * wherever they stand, 1 for any other failure to start and for a server that could not go on.
 */
export async function runServer(program: ServerProgram): Promise<number> {
  try {
    const completion = await answerCompletion(program.argv);
    if (completion !== null) return print(program, completion);
    const flags = readFlags(program.argv);
    const checked = flags.get('check_state');
    if (typeof checked === 'string' && checked !== '') return await printState(program, checked);
    const text = await answerWithText(flags, program);
    if (text !== null) return print(program, text);
    return await serve(program, readOptions(flags, readEnv(program.env)));
  } catch (error) {
    program.stderr.write(`${explainFailure(error)}\n`);
    return blamesOptions(error) ? exitUsage : exitFailure;
  }
}

function print(program: ServerProgram, text: string): number {
  program.stdout.write(text.endsWith('\n') ? text : `${text}\n`);
  return exitOk;
}

async function printState(program: ServerProgram, path: string): Promise<number> {
  try {
    const { isSound, lines } = await checkStateFile(path);
    print(program, lines.join('\n'));
    return isSound ? exitOk : exitFailure;
  } catch (error) {
    program.stderr.write(`${messageOf(error)}\n`);
    return exitFailure;
  }
}

async function answerCompletion([command, ...words]: readonly string[]): Promise<string | null> {
  if (command === completionRequestFlag) return (await completeWords(words)).join('\n');
  if (command === 'completion' && words.length === 0) return formatCompletionScript();
  return null;
}

/** What flags ask to print in place of serving, or null. The environment is read last: help works in a bad one, too. */
async function answerWithText(flags: OptionValues, program: ServerProgram): Promise<string | null> {
  if (flags.get('help') === true) return formatHelp(Math.min(program.columns, 120));
  if (flags.get('print_env_template') === true) return formatEnvTemplate();
  if (flags.get('print_yaml_template') === true) return formatYamlTemplate();
  const version = flags.get('version') ?? readEnv(program.env).get('version');
  return version === true ? formatVersion() : null;
}

async function serve(program: ServerProgram, options: ServerOptions): Promise<number> {
  const logger = createLogger(options, program.logStream);
  const signals = new StopSignals(program.signals, logger);
  const starting = new AbortController();
  void signals.requested.then(() => starting.abort());
  const startAndWait = async () => {
    const { signal } = starting;
    const server = await program.startServer({ ...options, logger, signal }).catch((error: unknown) => {
      if (signal.aborted && error === signal.reason) return null;
      throw error;
    });
    return server === null ? exitOk : waitForEnd(server, signals, logger);
  };
  try {
    return await Promise.race([startAndWait(), signals.forced]);
  } finally {
    signals.close();
  }
}

async function waitForEnd(server: RunningServer, signals: StopSignals, logger: Logger): Promise<number> {
  const failed = server.closed.then(
    () => false,
    () => true,
  );
  try {
    if ((await Promise.race([failed, signals.requested])) === true) return exitFailure;
    await server.close();
  } catch (error) {
    logger.error({ code: codeOf(error) }, messageOf(error));
    return exitFailure;
  }
  return (await failed) ? exitFailure : exitOk;
}

/** One line that says what to mend, in LDLM's words. */
function explainFailure(error: unknown): string {
  if (error instanceof UsageError) return `${error.message}\nRun 'ldlm-server --help' for usage.`;
  if (error instanceof ConfigError) return `error parsing configuration: ${error.message}`;
  if (error instanceof IpcSocketError) return `server.New() error creating server: ${error.message}`;
  return `net.Run() error starting server: ${messageOf(error)}`;
}

/** Whether it will be so at every start with these options: whoever watches the server need not start it again. */
function blamesOptions(error: unknown): boolean {
  return [UsageError, ConfigError, ListenAddressError, TlsOptionsError].some((one) => error instanceof one);
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function codeOf(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error ? String(error.code) : undefined;
}
