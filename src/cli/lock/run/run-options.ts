import { parseArgs } from 'node:util';
import { parseDurationMs } from '../../../base/duration.ts';
import type { Environment } from '../../../config/read-env.ts';
import { UsageError } from '../../../config/usage-error.ts';
import type { FlagName } from '../lock-options.ts';
import { checkAddress, checkPassword, readPassword, readTls, type TlsTarget } from '../lock-target.ts';

/** What `ldlm-lock run` is to do. Times in milliseconds. */
export interface RunPlan {
  readonly name: string;
  readonly command: readonly [program: string, ...args: string[]];
  readonly address: string;
  readonly tls: TlsTarget | null;
  readonly password: string;
  /** How long to wait for the lock; 0: for ever. */
  readonly waitMs: number;
  /** The lock's timeout; 0: none. */
  readonly timeoutMs: number;
  readonly size: number | undefined;
  readonly permits: number | undefined;
  readonly shared: boolean;
  /** Do not wait at all. */
  readonly tries: boolean;
  /** Whether the command ends with the lock, or only a line says that it is lost. */
  readonly onLost: 'kill' | 'warn';
  /** How long the command may take to end by SIGTERM; null: until 5/6 of the timeout. */
  readonly killAfterMs: number | null;
  readonly exitCodes: ExitCodes;
}

interface ExitCodes {
  readonly notAcquired: number;
  readonly lost: number;
  readonly unreachable: number;
}

/** As in sysexits.h: EX_TEMPFAIL, EX_PROTOCOL, EX_UNAVAILABLE. */
const EXIT_CODES: ExitCodes = { notAcquired: 75, lost: 76, unreachable: 69 };
const TEXT = { type: 'string' } as const;
const FLAG = { type: 'boolean' } as const;

const options = {
  name: { ...TEXT, short: 'n' },
  address: TEXT,
  ...{ tls: FLAG, ca: TEXT, cert: TEXT, key: TEXT, server_name: TEXT, skip_verify: FLAG },
  ...{ password: TEXT, password_file: TEXT },
  ...{ wait: TEXT, timeout: TEXT, size: TEXT, permits: TEXT, shared: FLAG, try: FLAG },
  ...{ on_lost: TEXT, kill_after: TEXT, exit_codes: TEXT, help: { ...FLAG, short: 'h' } },
} as const;

export const RUN_HELP = `Usage: ldlm-lock run --name <lock-name> [flags] -- <command> [args...]

Runs a command while holding a lock, and ends with its exit code.

  -n, --name text             The lock's name
      --address host:port     The server, or several with common locks, such as a:3144,b:3144 [LDLM_ADDRESS]
                              (localhost:3144)
      --tls, --ca file, --cert file, --key file, --server_name name, --skip_verify
                              As for the other commands
      --password text         Password of the server [LDLM_PASSWORD]; others can see it in ps
      --password_file file    File with the password in its first line
      --wait duration         How long to wait for the lock (for ever)
      --try                   Do not wait
      --timeout duration      How long the lock lives without a renewal; 0 for as long as the connection (30s)
      --size number           How many may hold the lock (1)
      --permits number        How many of these to take (1)
      --shared                Hold it together with others who share it
      --on_lost kill|warn     What to do when the lock is about to be lost (kill)
      --kill_after duration   From SIGTERM to SIGKILL then (until 5/6 of the timeout)
      --exit_codes a,b,c      When the lock is not acquired, is lost, and the server unreachable (75,76,69)

The command finds LDLM_LOCK_NAME, LDLM_LOCK_KEY and LDLM_FENCING_TOKEN in its environment.`;

/**
 * Reads what stands behind `run`. Null: help is asked for.
 *
 * @throws UsageError, CommandFailure for a file that cannot be read
 */
export function readRunPlan(argv: readonly string[], env: Environment): RunPlan | null {
  const end = argv.indexOf('--');
  const words = end < 0 ? argv : argv.slice(0, end);
  const flags = readFlags(words);
  if (flags.help === true) return null;
  const [program, ...args] = end < 0 ? [] : argv.slice(end + 1);
  if (flags.name === undefined || flags.name === '') throw new UsageError('run: --name is needed');
  if (program === undefined) throw new UsageError('run: a command is needed behind --');
  const address = flags.address ?? (env['LDLM_ADDRESS'] || 'localhost:3144');
  checkAddress(address);
  const connection = new Map(Object.entries(flags)) as unknown as ReadonlyMap<FlagName, string | boolean>;
  const { on_lost: onLost = 'kill' } = flags;
  if (onLost !== 'kill' && onLost !== 'warn')
    throw new UsageError(`--on_lost must be kill or warn, got ${JSON.stringify(onLost)}`);
  if (flags.try === true && flags.wait !== undefined)
    throw new UsageError("--try and --wait can't be used together");
  return {
    name: flags.name,
    command: [program, ...args],
    address,
    tls: readTls(connection),
    password: checkPassword(readPassword(connection, env)),
    waitMs: readDuration('wait', flags.wait) ?? 0,
    timeoutMs: readDuration('timeout', flags.timeout) ?? 30_000,
    size: readCount('size', flags.size),
    permits: readCount('permits', flags.permits),
    shared: flags.shared === true,
    tries: flags.try === true,
    onLost,
    killAfterMs: readDuration('kill_after', flags.kill_after) ?? null,
    exitCodes: flags.exit_codes === undefined ? EXIT_CODES : readExitCodes(flags.exit_codes),
  };
}

function readFlags(words: readonly string[]) {
  try {
    // As everywhere, names may be written with hyphens.
    const args = words.map((word) => (/^--\w/.test(word) ? word.replace(/^[^=]*/, underscored) : word));
    return parseArgs({ args, options, allowPositionals: false }).values;
  } catch (error) {
    throw new UsageError(`run: ${error instanceof Error ? error.message : String(error)}`);
  }
}

function underscored(flag: string): string {
  return `--${flag.slice(2).replaceAll('-', '_')}`;
}

function readDuration(flag: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  let ms: number;
  try {
    ms = parseDurationMs(text);
  } catch (error) {
    throw new UsageError(`--${flag}: ${error instanceof Error ? error.message : String(error)}`);
  }
  if (ms < 0) throw new UsageError(`--${flag} must not be negative, got ${text}`);
  return ms;
}

function readCount(flag: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  if (!/^[1-9]\d{0,9}$/.test(text)) throw new UsageError(`--${flag} must be a number from 1 on, got ${text}`);
  return Number(text);
}

function readExitCodes(text: string): ExitCodes {
  const codes = text.split(',').map((code) => (/^\d{1,3}$/.test(code) ? Number(code) : 256));
  const [notAcquired = 256, lost = 256, unreachable = 256, ...more] = codes;
  if (more.length > 0 || Math.max(notAcquired, lost, unreachable) > 255)
    throw new UsageError(`--exit_codes must be three numbers up to 255, such as 75,76,69, got ${text}`);
  return { notAcquired, lost, unreachable };
}
