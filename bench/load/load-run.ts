import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { ServerProcess } from './server-process.ts';

const GENERATOR = fileURLToPath(new URL('generator.js', import.meta.url));

export interface Depth {
  readonly connections: number;
  readonly inFlight: number;
}

/** What one run of the generator measured. */
export interface LoadResult {
  readonly calls: number;
  /** Calls per second. */
  readonly rate: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly serverCpuMicros: number;
  readonly generatorCpuMicros: number;
  readonly generatorCores: number;
  readonly failures: Readonly<Record<string, number>>;
}

export interface RunOptions extends Depth {
  readonly mode?: string;
  readonly names?: number;
  readonly seconds: number;
  readonly warmupSeconds?: number;
}

/**
 * Runs the generator once, in a process of its own.
 *
 * @throws Error when calls failed or connections broke: such a run measures nothing.
 */
export async function runLoad(server: ServerProcess, options: RunOptions): Promise<LoadResult> {
  const { stdout } = await promisify(execFile)(process.execPath, [
    GENERATOR,
    ...['--address', server.address, '--pid', String(server.pid)],
    ...['--mode', options.mode ?? 'cycle', '--names', String(options.names ?? 0)],
    ...['--connections', String(options.connections), '--in-flight', String(options.inFlight)],
    ...['--seconds', String(options.seconds), '--warmup-seconds', String(options.warmupSeconds ?? 0.5)],
  ]);
  const result = JSON.parse(stdout) as LoadResult;
  const failures = JSON.stringify(result.failures);
  if (failures !== '{}') throw new Error(`calls failed, by status: ${failures}`);
  return result;
}

/** A generator that keeps what it has taken or opened until it is told to end. */
export class HeldLoad {
  readonly #child: ChildProcess;

  private constructor(child: ChildProcess) {
    this.#child = child;
  }

  /** Starts the generator in mode `hold` or `idle`; resolves when everything is taken or opened. */
  static async start(args: readonly string[]): Promise<HeldLoad> {
    const child = spawn(process.execPath, [GENERATOR, ...args], { stdio: ['pipe', 'pipe', 'inherit'] });
    const load = new HeldLoad(child);
    const line = once(createInterface(child.stdout), 'line');
    const exit = once(child, 'exit').then(([code]) => {
      throw new Error(`the generator ended with code ${code}`);
    });
    await Promise.race([line, exit]);
    exit.catch(() => {});
    return load;
  }

  async end(): Promise<void> {
    const exit = once(this.#child, 'exit');
    this.#child.stdin?.end();
    await exit;
  }
}
