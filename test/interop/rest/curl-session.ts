import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterwards } from '../server-process.ts';

const run = promisify(execFile);

export interface CurlAnswer {
  readonly status: number;
  /** As the status line says it: 1.1 or 2. */
  readonly version: string;
  readonly headers: string;
  readonly body: string;
}

/** curl with a cookie jar of its own, as a client of REST would use it. */
export class CurlSession {
  readonly #base: string;
  readonly #words: readonly string[];
  readonly #jar: string;

  /** @param words that stand in every call, such as `--cacert` */
  constructor(base: string, ...words: readonly string[]) {
    this.#base = base;
    this.#words = words;
    const folder = mkdtempSync(join(tmpdir(), 'ldlm-curl-'));
    this.#jar = join(folder, 'jar');
    afterwards(() => rmSync(folder, { recursive: true, force: true }));
  }

  /** The same with a session begun. */
  static async begin(base: string, ...words: readonly string[]): Promise<CurlSession> {
    const session = new CurlSession(base, ...words);
    const { status, body } = await session.ask('/session', '-X', 'POST');
    if (status !== 201) throw new Error(`no session: ${status} ${body}`);
    return session;
  }

  async ask(path: string, ...words: readonly string[]): Promise<CurlAnswer> {
    const common = [
      '--silent',
      '--show-error',
      '--include',
      '--max-time',
      '45',
      '-b',
      this.#jar,
      '-c',
      this.#jar,
    ];
    const { stdout } = await run('curl', [...common, ...this.#words, ...words, `${this.#base}${path}`], {
      maxBuffer: 64 * 2 ** 20,
    });
    // What comes before the answer itself is of no interest.
    const text = stdout.replace(/^HTTP\/1.1 100 Continue\r\n\r\n/, '');
    const end = text.indexOf('\r\n\r\n');
    const [, version, status] = /^HTTP\/([0-9.]+) ([0-9]+)/.exec(text)!;
    return {
      status: Number(status),
      version: version!,
      headers: text.slice(0, end + 2),
      body: text.slice(end + 4),
    };
  }

  /** A lock operation with a body. */
  post(path: string, body: string, ...words: readonly string[]): Promise<CurlAnswer> {
    return this.ask(path, '--data-binary', body, ...words);
  }
}

/** The key in the body of a lock that was granted. */
export function keyIn({ body }: CurlAnswer): string {
  const { locked, key } = JSON.parse(body) as { locked: boolean; key: string };
  if (!locked) throw new Error(`not locked: ${body}`);
  return key;
}
