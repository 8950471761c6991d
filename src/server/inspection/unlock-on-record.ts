import type { Logger } from '../logger.ts';
import {
  type Inspector,
  shownKey,
  UnlockInterruptedError,
  type UnlockOutcome,
  type UnlockQuery,
} from './inspector.ts';

/**
 * Unlocks by force, and logs it: somebody's lock was taken away, which stays on record, whoever asks why later. That is
 * so too when it failed half way.
 *
 * @param door how the request came in, as the line says it
 * @param extra more attributes of the line
 */
export async function unlockOnRecord(
  inspector: Pick<Inspector, 'unlock'>,
  query: UnlockQuery,
  logger: Logger,
  door: string,
  extra: Readonly<Record<string, unknown>> = {},
): Promise<UnlockOutcome> {
  const { name, all } = query;
  const record = (released: number, error: string | null): void => {
    logger.info(
      { name, key: shownKey(query.key), all, released, error, ...extra },
      `Handling ${door} Unlock request`,
    );
  };
  try {
    const outcome = await inspector.unlock(query);
    record(outcome.releasedCount, outcome.refusal?.message ?? null);
    return outcome;
  } catch (error) {
    const released = error instanceof UnlockInterruptedError ? error.releasedCount : 0;
    record(released, error instanceof Error ? error.message : String(error));
    throw error;
  }
}
