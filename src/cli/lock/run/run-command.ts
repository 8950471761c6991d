import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises';
import {
  type HeldLock,
  LdlmClient,
  LockWaitTimeoutError,
  ServerUnavailableError,
  TlsError,
} from '../../../client/index.ts';
import type { Environment } from '../../../config/read-env.ts';
import { canDieWithParent, HeldCommand } from './held-command.ts';
import { JobStops } from './job-stops.ts';
import { LeaseGuard } from './lease-guard.ts';
import { PassedSignals } from './passed-signals.ts';
import { RUN_HELP, type RunPlan, readRunPlan } from './run-options.ts';

const EXIT_FAILURE = 1;
/** How long to wait before a server that cannot be reached is tried again. */
const RETRY_MS = 500;
/** For how long it is tried without `--wait`, and with `--try`. */
const UNREACHABLE_MS = 3_000;
/** How long giving the lock back may take. */
const UNLOCK_MS_MAX = 5_000;

/** `ldlm-lock run`: returns the exit code. */
export async function runWithLock(argv: readonly string[], env: Environment): Promise<number> {
  const plan = readRunPlan(argv, env);
  if (plan === null) {
    process.stdout.write(`${RUN_HELP}\n`);
    return 0;
  }
  const client = new LdlmClient({
    address: plan.address,
    password: plan.password,
    // Each attempt is told apart from the next one here.
    retries: 0,
    ...(plan.tls !== null && { tls: tlsOptions(plan.tls) }),
  });
  const signals = new PassedSignals();
  const diesWithParent = canDieWithParent();
  try {
    const lock = await acquire(client, plan, signals);
    if (typeof lock === 'number') return lock;
    // A signal may have arrived together with the lock.
    await nextTurn();
    const exitCode =
      signals.stopped > 0 ? signals.stopped : await runHolding(lock, plan, env, signals, diesWithParent);
    await Promise.race([lock.unlock().catch(tell), sleep(UNLOCK_MS_MAX, undefined, { ref: false })]);
    return exitCode;
  } finally {
    await client.close();
    signals.close();
  }
}

/** The lock, or the exit code that says why there is none. */
async function acquire(
  client: LdlmClient,
  plan: RunPlan,
  signals: PassedSignals,
): Promise<HeldLock | number> {
  try {
    return await tryUntil(client, plan, signals.stop);
  } catch (error) {
    return signals.stopped > 0 ? signals.stopped : explain(error, plan);
  }
}

async function tryUntil(client: LdlmClient, plan: RunPlan, signal: AbortSignal): Promise<HeldLock | number> {
  const { name, waitMs, timeoutMs, size, permits, shared } = plan;
  const beganMs = performance.now();
  const claim = {
    lockTimeoutMs: timeoutMs,
    shared,
    signal,
    ...(size && { size }),
    ...(permits && { permits }),
  };
  let downMs = beganMs;
  for (;;) {
    const nowMs = performance.now();
    const leftMs = waitMs - (nowMs - beganMs);
    try {
      if (plan.tries) return (await client.tryLock(name, claim)) ?? notAcquired(plan);
      const wait = waitMs === 0 ? {} : { waitTimeoutMs: Math.max(1, leftMs) };
      return await client.lock(name, { ...claim, ...wait });
    } catch (error) {
      // An attempt that has waited for a while had a server to wait at.
      if (performance.now() - nowMs > RETRY_MS) downMs = performance.now();
      const patienceMs = waitMs > 0 && !plan.tries ? leftMs : UNREACHABLE_MS - (performance.now() - downMs);
      if (!(error instanceof ServerUnavailableError) || patienceMs <= 0) throw error;
      await sleep(Math.min(RETRY_MS, patienceMs), undefined, { signal });
    }
  }
}

function notAcquired({ name, exitCodes }: RunPlan): number {
  process.stderr.write(`ldlm-lock: the lock ${JSON.stringify(name)} is not free\n`);
  return exitCodes.notAcquired;
}

function explain(error: unknown, plan: RunPlan): number {
  if (error instanceof LockWaitTimeoutError) return notAcquired(plan);
  tell(error);
  if (error instanceof ServerUnavailableError || error instanceof TlsError) return plan.exitCodes.unreachable;
  return EXIT_FAILURE;
}

function tell(error: unknown): void {
  const text = error instanceof Error ? error.message : String(error);
  process.stderr.write(`ldlm-lock: ${text}\n`);
}

async function runHolding(
  lock: HeldLock,
  plan: RunPlan,
  env: Environment,
  signals: PassedSignals,
  diesWithParent: boolean,
): Promise<number> {
  // Their signals are told of in later turns, when there are a command and a guard.
  const stops = new JobStops({ command: () => command, look: () => guard.look() });
  const command = new HeldCommand(plan.command, {
    env: {
      ...env,
      LDLM_LOCK_NAME: lock.name,
      LDLM_LOCK_KEY: lock.key,
      LDLM_FENCING_TOKEN: String(lock.fencingToken),
    },
    atTerminal: process.stdin.isTTY === true,
    diesWithParent,
  });
  signals.passTo(command);
  const kills = plan.onLost === 'kill';
  const guard = new LeaseGuard(lock, {
    killAfterMs: plan.killAfterMs,
    terminate: () => {
      const what = kills ? 'the command is ended' : 'the command goes on without it';
      process.stderr.write(
        `ldlm-lock: the lock ${JSON.stringify(lock.name)} is lost or about to be: ${what}\n`,
      );
      if (kills) command.kill('SIGTERM');
    },
    kill: () => {
      if (kills) command.kill('SIGKILL');
    },
  });
  const exitCode = await command.ended;
  stops.close();
  // What the command has started may go on when it has ended itself.
  if (kills && guard.hasActed) await command.groupEnded(guard.killAtMs);
  guard.close();
  return kills && guard.hasActed ? plan.exitCodes.lost : exitCode;
}

function tlsOptions({ ca, cert, key, serverName, skipVerify }: NonNullable<RunPlan['tls']>) {
  return {
    skipVerify,
    ...(ca !== null && { ca }),
    ...(cert !== null && key !== null && { cert, key }),
    ...(serverName !== '' && { serverName }),
  };
}
