import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { LdlmServerError } from '../../contract/server-error.ts';

/** The built page: browsers run what the build made, also when this file runs from its source. */
const PAGE_FOLDER = new URL(
  import.meta.url.endsWith('.ts') ? '../../../dist/src/page/' : '../../page/',
  import.meta.url,
);

const types: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.svg': 'image/svg+xml',
  // The dashboard for Grafana, which lies beside the page.
  '.json': 'application/json',
};

/** One file of the page, as it is served. */
export interface PageFile {
  /** Where browsers find it. */
  readonly path: string;
  readonly type: string;
  readonly etag: string;
  readonly body: Buffer;
}

/** The package lies there without its page: it was built in part. */
export class PageMissingError extends LdlmServerError {
  constructor(folder: string, options?: ErrorOptions) {
    super('LDLM_PAGE_MISSING', `the dashboard's files are not in ${folder}: run npm run build`, options);
  }
}

/**
 * Reads the page once; it is small.
 *
 * @throws PageMissingError
 */
export function loadPageFiles(folder: URL = PAGE_FOLDER): readonly PageFile[] {
  const path = fileURLToPath(folder);
  try {
    const names = readdirSync(path, { recursive: true, encoding: 'utf8' });
    const files = names.filter((name) => extname(name) in types).map((name) => loadFile(path, name));
    return files.length > 0 ? files : fail(path);
  } catch (error) {
    return fail(path, { cause: error });
  }
}

function fail(folder: string, options?: ErrorOptions): never {
  throw new PageMissingError(folder, options);
}

function loadFile(folder: string, name: string): PageFile {
  const body = readFileSync(join(folder, name));
  const urlName = name.replaceAll('\\', '/');
  return {
    path: urlName === 'assets/index.html' ? '/' : `/page/${urlName}`,
    type: types[extname(name)]!,
    etag: `"${createHash('sha256').update(body).digest('base64url').slice(0, 22)}"`,
    body,
  };
}
