import type { AdminClient } from './admin-client.ts';
import type { UnlockReply } from './admin-replies.ts';
import { formatAge } from './age.ts';
import { CommandFailure } from './command-failure.ts';
import type { LockOutput } from './lock-output.ts';
import { showText } from './shown-text.ts';

export interface UnlockQuery {
  readonly name: string;
  readonly key: string;
  readonly all: boolean;
}

/**
 * Releases a lock, and prints LDLM's line.
 *
 * @throws CommandFailure with LDLM's text; where several hold the lock, with a list of them
 */
export async function unlockLock(
  client: Pick<AdminClient, 'unlock'>,
  query: UnlockQuery,
  output: LockOutput,
): Promise<void> {
  const reply = await client.unlock(query);
  if (reply.error != null) throw await refusalOf(query.name, reply.error, reply);
  await output.write('Unlocked: true\n');
  if (!output.isTerminal) return;
  for (const { holder, session, age_ms, age_at_most } of reply.released) {
    const who = [holder, session?.address ?? ''].filter((text) => text !== '').join(', ');
    const held = `held for ${age_at_most ? 'at most ' : ''}${formatAge(Number(age_ms))}`;
    await output.write(`It was ${held}${who === '' ? '' : ` by ${showText(who)}`}.\n`);
  }
  const more = Number(reply.released_count) - reply.released.length;
  if (more > 0) await output.write(`And by ${more} more.\n`);
}

async function refusalOf(
  name: string,
  { code, message }: { readonly code: string; readonly message: string },
  reply: UnlockReply,
): Promise<CommandFailure> {
  if (code === 'LockDoesNotExist') return new CommandFailure(message);
  const text = `failed to unlock lock: ${message}`;
  if (reply.holders.length === 0) return new CommandFailure(text);
  const { Table } = await import('./table.ts');
  const { HOLDER_HEAD, holderRow } = await import('./lock-rows.ts');
  const table = new Table(HOLDER_HEAD, Number.POSITIVE_INFINITY, false);
  const more = Number(reply.holder_count) - reply.holders.length;
  return new CommandFailure(
    [
      text,
      table.format(reply.holders.map(holderRow)).trimEnd(),
      ...(more > 0 ? [`and ${more} more`] : []),
      `Name one by its key, or at least 8 characters of it: ldlm-lock unlock ${quote(name)} <key>`,
      `Release all of them: ldlm-lock unlock ${quote(name)} --all`,
    ].join('\n'),
  );
}

/** A word as it can be typed into a shell. */
function quote(word: string): string {
  return /^[\w./:@%+=-]+$/.test(word) && !word.startsWith('-') ? word : `'${word.replaceAll("'", "'\\''")}'`;
}
