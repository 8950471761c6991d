import { type ChildProcess, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { afterAll, afterEach, beforeAll, expect } from 'vitest';
import { LockClient, type LockClientOptions } from '../clients/lock-client.ts';
import { serverProgram } from './peers.ts';

const readyLine = /gRPC server started\. Listening on (?<address>[^"\s]+)/;
const restLine = /REST server started\. Listening on (?<address>[^"\s]+)/;
const readyMsMax = 20_000;

/** An ensemble in which the servers of this run keep their locks; empty: they keep them themselves. */
const ensemble = process.env['INTEROP_ENSEMBLE'] ?? '';

/** Whether the servers of this run keep their locks themselves, and so may have a state file. */
export const isEmbedded: boolean = ensemble === '';

/** Each server that has not been told otherwise is alone in its part of the ensemble. */
function engineArgs(args: readonly string[]): string[] {
  if (isEmbedded || args.includes('--engine')) return [];
  return ['--engine', 'zookeeper', '--zookeeper_connect', `${ensemble}/${randomUUID()}`];
}

/** What a program printed and how it ended: `exitCode` is null when a signal killed it. */
export interface ProgramEnd {
  readonly exitCode: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** The server program as a process of its own. */
export class ServerProcess {
  readonly end: Promise<ProgramEnd>;
  readonly #child: ChildProcess;
  #stdout = '';
  #stderr = '';
  #noticed: () => void = () => {};

  /**
   * Starts the installed server, or `program`, with `args` and with no variables of a server but those in `env`. It has
   * no socket for administration unless `args` name one: servers of several tests run at a time.
   */
  constructor(
    args: readonly string[],
    env: Readonly<Record<string, string>> = {},
    program: string = serverProgram,
  ) {
    const inherited = Object.entries(process.env).filter(([name]) => !name.startsWith('LDLM_'));
    this.#child = spawn(process.execPath, [program, '--ipc_socket_file', '', ...engineArgs(args), ...args], {
      env: { ...Object.fromEntries(inherited), ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.#child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      this.#stdout += text;
    });
    this.#child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.#stderr += text;
      this.#noticed();
    });
    this.end = once(this.#child, 'close').then(([exitCode]) => ({
      exitCode: exitCode as number | null,
      stdout: this.#stdout,
      stderr: this.#stderr,
    }));
  }

  /** What it has logged so far. */
  get stderr(): string {
    return this.#stderr;
  }

  /** The same, for a server that was told to serve REST. */
  readyRest(): Promise<string> {
    return this.#readyBy(restLine);
  }

  /** Waits for the line that says that it serves, and returns the address in it. */
  ready(): Promise<string> {
    return this.#readyBy(readyLine);
  }

  async #readyBy(readyLine: RegExp): Promise<string> {
    const line = new Promise<void>((resolve) => {
      this.#noticed = () => {
        if (readyLine.test(this.#stderr)) resolve();
      };
      this.#noticed();
    });
    let timer: NodeJS.Timeout | undefined;
    const timeout = new Promise((resolve) => {
      timer = setTimeout(resolve, readyMsMax);
    });
    await Promise.race([line, this.end, timeout]);
    clearTimeout(timer);
    const address = readyLine.exec(this.#stderr)?.groups?.['address'];
    if (address === undefined) throw new Error(`the server did not start: ${this.#stderr}`);
    return address;
  }

  signal(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  /** Asks it to stop, and kills it if it does not. */
  async stop(): Promise<ProgramEnd> {
    this.signal('SIGTERM');
    const timer = setTimeout(() => this.signal('SIGKILL'), 15_000);
    const end = await this.end;
    clearTimeout(timer);
    return end;
  }
}

/** Runs the server program where it is expected to end by itself. */
export async function runToEnd(
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<ProgramEnd> {
  const server = new ServerProcess(args, env);
  const timer = setTimeout(() => server.signal('SIGKILL'), 20_000);
  const end = await server.end;
  clearTimeout(timer);
  return end;
}

const closers: (() => unknown)[] = [];

/** Has `close` called after the test, before what was registered earlier. */
export function afterwards(close: () => unknown): void {
  closers.push(close);
}

afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

/** A client with a connection of its own, which is closed after the test. */
export function connect(address: string, options: LockClientOptions = {}): LockClient {
  const client = new LockClient(address, options);
  afterwards(() => client.close());
  return client;
}

/** A server for one test, on a free port of 127.0.0.1. */
export async function launch(
  args: readonly string[] = [],
  env: Readonly<Record<string, string>> = {},
): Promise<{ readonly server: ServerProcess; readonly address: string }> {
  const server = new ServerProcess(['--listen_address', '127.0.0.1:0', ...args], env);
  afterwards(() => server.stop());
  return { server, address: await server.ready() };
}

/** A server with REST for one test, and its address there as curl takes it. */
export async function launchRest(
  ...args: readonly string[]
): Promise<{ readonly server: ServerProcess; readonly address: string; readonly rest: string }> {
  const { server, address } = await launch(['--rest_listen_address', '127.0.0.1:0', ...args]);
  return { server, address, rest: await server.readyRest() };
}

/**
 * A server for all tests of a suite, which is expected to outlive them and to stop in order. The address stands once the
 * suite's first test begins.
 */
export function sharedServer(...args: readonly string[]): { readonly address: string } {
  const shared = { address: '' };
  let server: ServerProcess;
  beforeAll(async () => {
    server = new ServerProcess(['--listen_address', '127.0.0.1:0', '--shutdown_grace', '1s', ...args]);
    shared.address = await server.ready();
  });
  afterAll(async () => {
    const { exitCode, stderr } = await server.stop();
    expect(exitCode, stderr).toBe(0);
  });
  return shared;
}
