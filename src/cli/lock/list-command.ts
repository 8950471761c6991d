import { Limits } from '../../base/limits.ts';
import type { AdminClient } from './admin-client.ts';
import type { ListLocksReply, LockReply } from './admin-replies.ts';
import { ReplyTooLong } from './command-failure.ts';
import { lockJson } from './json-forms.ts';
import type { LockOutput, OutputStream } from './lock-output.ts';
import { Progress } from './progress.ts';
import { showJson, showText } from './shown-text.ts';

export interface ListQuery {
  readonly prefix: string;
  readonly waiters: boolean;
  readonly json: boolean;
}

/** Prints all locks, page by page, so that a listing of any length takes the memory of one page. */
export async function listLocks(
  client: Pick<AdminClient, 'listLocks'>,
  query: ListQuery,
  output: LockOutput,
  stderr: OutputStream,
): Promise<void> {
  const format = query.json
    ? (locks: readonly LockReply[]) => locks.map((lock) => `${showJson(lockJson(lock, query.waiters))}\n`)
    : output.isTerminal
      ? await tableOf(output)
      : (locks: readonly LockReply[]) => locks.flatMap(formatLines);
  let lockCount = 0;
  let printed = false;
  const progress = new Progress(stderr, () => `${lockCount.toLocaleString('en')} locks listed ...`);
  try {
    for await (const locks of pagesOf(client, query)) {
      lockCount += locks.length;
      const text = format(locks).join('');
      if (text === '') continue;
      printed = true;
      progress.clear();
      await output.write(text);
    }
  } finally {
    progress.end();
  }
  if (!printed && !query.json) await output.write('No locks found\n');
}

async function tableOf(output: LockOutput): Promise<(locks: readonly LockReply[]) => string[]> {
  const { Table } = await import('./table.ts');
  const { LOCK_HEAD, lockRows } = await import('./lock-rows.ts');
  const table = new Table(LOCK_HEAD, output.columns, output.isColoured);
  return (locks) => {
    const rows = locks.flatMap(lockRows);
    return rows.length === 0 ? [] : [table.format(rows)];
  };
}

/** LDLM's line for each holder, and one of the same kind for each waiter. */
function formatLines({ name, size, holders, waiters }: LockReply): string[] {
  const shown = showText(name);
  return [
    ...holders.map(({ key }) => `{Name: ${shown}, Key: ${showText(key)}, Size: ${size}}\n`),
    ...waiters.map(
      ({ session }) => `{Name: ${shown}, Waiter: ${showText(session?.address ?? '')}, Size: ${size}}\n`,
    ),
  ];
}

/** The pages of a listing. Where names are long, a page is asked for anew with fewer of them. */
async function* pagesOf(
  client: Pick<AdminClient, 'listLocks'>,
  { prefix, waiters }: ListQuery,
): AsyncGenerator<readonly LockReply[]> {
  let pageSize: number = Limits.pageSizeMax;
  let token = '';
  do {
    let page: ListLocksReply;
    try {
      page = await client.listLocks({ prefix, page_size: pageSize, page_token: token, waiters });
    } catch (error) {
      if (!(error instanceof ReplyTooLong) || pageSize === 1) throw error;
      pageSize = Math.ceil(pageSize / 4);
      continue;
    }
    yield page.locks;
    token = page.next_page_token;
    pageSize = Math.min(2 * pageSize, Limits.pageSizeMax);
    if (token === '') return;
  } while (true);
}
