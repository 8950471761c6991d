import { describe, expect, it } from 'vitest';
import type { ListLocksReply, LockReply } from '../../../src/cli/lock/admin-replies.ts';
import { CommandFailure, ReplyTooLong } from '../../../src/cli/lock/command-failure.ts';
import { listLocks } from '../../../src/cli/lock/list-command.ts';
import { LockOutput } from '../../../src/cli/lock/lock-output.ts';
import { holderReply, lockReply, waiterReply } from './example-replies.ts';
import { RecordedOutput } from './recorded-output.ts';

interface PageRequest {
  readonly prefix: string;
  readonly page_size: number;
  readonly page_token: string;
  readonly waiters: boolean;
}

/** A server that has these pages, and refuses pages of more than `pageSizeMax` locks as too long. */
class Pages {
  readonly requests: PageRequest[] = [];
  readonly #pages: readonly (readonly LockReply[])[];
  readonly #pageSizeMax: number;

  constructor(pages: readonly (readonly LockReply[])[], pageSizeMax = 1_000) {
    this.#pages = pages;
    this.#pageSizeMax = pageSizeMax;
  }

  async listLocks(request: PageRequest): Promise<ListLocksReply> {
    this.requests.push(request);
    if (request.page_size > this.#pageSizeMax) throw new ReplyTooLong('too long');
    const at = Number(request.page_token);
    return { locks: this.#pages[at]!, next_page_token: at + 1 < this.#pages.length ? String(at + 1) : '' };
  }
}

async function list(pages: Pages, query = {}, stdout = new RecordedOutput()): Promise<RecordedOutput> {
  const whole = { prefix: '', waiters: false, json: false, ...query };
  await listLocks(pages, whole, new LockOutput(stdout, { NO_COLOR: '1' }), new RecordedOutput());
  return stdout;
}

const named = (name: string): LockReply => ({ ...lockReply, name, waiters: [] });
const line = (name: string) => `{Name: ${name}, Key: ${holderReply.key}, Size: 1}\n`;

describe('list', () => {
  it("prints LDLM's lines, page by page", async () => {
    const pages = new Pages([[named('a'), named('b\n')], [], [named('c')]]);
    const { writes } = await list(pages, { prefix: 'x' });
    expect(writes).toEqual([line('a') + line('b\\n'), line('c')]);
    expect(pages.requests).toEqual(
      ['', '1', '2'].map((page_token) => ({ prefix: 'x', page_size: 1_000, page_token, waiters: false })),
    );
  });

  it('prints a line for each holder, and for each waiter that was asked for', async () => {
    const lock = { ...lockReply, size: 2, holders: [holderReply, { ...holderReply, key: 'k2' }] };
    expect((await list(new Pages([[lock]]), { waiters: true })).text).toBe(
      `{Name: work, Key: ${holderReply.key}, Size: 2}\n{Name: work, Key: k2, Size: 2}\n` +
        '{Name: work, Waiter: 10.0.0.8:50, Size: 2}\n',
    );
  });

  it('says so when there is nothing', async () => {
    expect((await list(new Pages([[]]))).text).toBe('No locks found\n');
    expect((await list(new Pages([[{ ...lockReply, holders: [], waiters: [] }]]))).text).toBe(
      'No locks found\n',
    );
    expect((await list(new Pages([[]]), { json: true })).text).toBe('');
    expect((await list(new Pages([[]]), {}, new RecordedOutput(true))).text).toBe('No locks found\n');
  });

  it('prints JSON, one object a line', async () => {
    const { text } = await list(new Pages([[named('a\x1b')], [named('b')]]), { json: true });
    const lines = text.trimEnd().split('\n');
    expect(lines.map((json) => JSON.parse(json).name)).toEqual(['a\x1b', 'b']);
    expect(text).not.toContain('\x1b');
    const withWaiters = await list(new Pages([[lockReply]]), { json: true, waiters: true });
    expect(JSON.parse(withWaiters.text).waiters[0].holder).toBe(waiterReply.holder);
  });

  it('prints a table at a terminal, with one head', async () => {
    const { text } = await list(new Pages([[named('a')], [named('b')]]), {}, new RecordedOutput(true, 100));
    expect(text).toBe(
      'LOCK  STATE  HOLDER    CLIENT       KEY       AGE    LEFT\n' +
        'a     held   worker 7  10.0.0.7:40  0d3f3c5a  2m05s  1m00s\n' +
        'b     held   worker 7  10.0.0.7:40  0d3f3c5a  2m05s  1m00s\n',
    );
  });

  it('asks for less where a page would be too long, and for more again behind it', async () => {
    const pages = new Pages([[named('a')], [named('b')], [named('c')]], 100);
    expect((await list(pages)).text).toBe(line('a') + line('b') + line('c'));
    const asked = pages.requests.map(({ page_size, page_token }) => [page_token, page_size]);
    expect(asked).toEqual([
      ['', 1_000],
      ['', 250],
      ['', 63],
      ['1', 126],
      ['1', 32],
      ['2', 64],
    ]);
  });

  it('gives up when a page of one lock is too long, and at any other failure', async () => {
    await expect(list(new Pages([[named('a')]], 0))).rejects.toThrow(ReplyTooLong);
    const failing = { listLocks: () => Promise.reject(new CommandFailure('the server is shutting down')) };
    const output = new LockOutput(new RecordedOutput(), {});
    const query = { prefix: '', waiters: false, json: false };
    await expect(listLocks(failing, query, output, new RecordedOutput())).rejects.toThrow('shutting down');
  });
});
