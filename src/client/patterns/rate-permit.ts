import { ElapsedClock } from '../elapsed-clock.ts';
import { LockDoesNotExistError, LockDoesNotExistOrInvalidKeyError } from '../errors.ts';
import type { LdlmClient } from '../ldlm-client.ts';

/** How long a permit lasts beyond its window, within which its start has to be made. Answers rarely take that long. */
const SLACK_MS = 1_000;
const SLACK_MS_MAX = 3_600_000;
/** Clocks differ a little, and the server counts from the beginning of the turn in which it grants or renews. */
const SPARE_MS = 50;
/** By how much a window is longer for the same reason, once its start is made. */
const TURN_MS = 1;

/** One permit of a rate, as the server has granted it. */
interface Permit {
  readonly name: string;
  readonly key: string;
  /** How long it is to be held from its start on. */
  readonly perMs: number;
  /** When it was asked for, by {@link nowMs}: it was not granted before. */
  readonly askedMs: number;
}

const clock = new ElapsedClock();

/** Counts on while the machine is suspended. */
export function nowMs(): number {
  return clock.nowMs();
}

/** The timeout with which a permit is to be asked for. */
export function timeoutOf(perMs: number): number {
  return perMs + SLACK_MS;
}

/**
 * Makes the start that a permit is for: resolves with true in the moment of the start, from which on the permit is held for
 * `perMs` at the least. False: the permit has expired before, and counts for nothing.
 *
 * A permit lasts longer than its window, so a start within the difference is sure to be followed by a whole one. One that
 * was waited for, or whose answer took long, is renewed first. Behind the start the permit is renewed once more, to end
 * with its window: should that fail, it ends later, never earlier.
 *
 * @throws LdlmError, or the reason of `signal`
 */
export async function startBy(client: LdlmClient, permit: Permit, signal?: AbortSignal): Promise<boolean> {
  const { name, key, perMs } = permit;
  let { askedMs } = permit;
  for (let slackMs = SLACK_MS; nowMs() - askedMs > slackMs - SPARE_MS; ) {
    slackMs = Math.min(2 * slackMs, SLACK_MS_MAX);
    askedMs = nowMs();
    try {
      await abortable(client.renew(name, key, perMs + slackMs), signal);
    } catch (error) {
      if (isGone(error)) return false;
      throw error;
    }
  }
  client.renew(name, key, perMs + TURN_MS).catch(() => {});
  return true;
}

function isGone(error: unknown): boolean {
  return error instanceof LockDoesNotExistOrInvalidKeyError || error instanceof LockDoesNotExistError;
}

async function abortable<Value>(work: Promise<Value>, signal: AbortSignal | undefined): Promise<Value> {
  if (signal === undefined) return work;
  let abort = (): void => {};
  const aborted = new Promise<never>((_, reject) => {
    abort = () => reject(signal.reason);
    if (signal.aborted) abort();
    else signal.addEventListener('abort', abort, { once: true });
  });
  try {
    return await Promise.race([work, aborted]);
  } finally {
    signal.removeEventListener('abort', abort);
  }
}
