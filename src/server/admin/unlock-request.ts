import { Limits } from '../../base/limits.ts';
import { SHOWN_KEY_CHARACTERS, type UnlockQuery } from '../inspection/inspector.ts';
import { checkLockName, PageRequestError } from './page-request.ts';

/**
 * Reads the body of `POST /api/unlock`.
 *
 * @throws PageRequestError
 */
export function readUnlockRequest(body: unknown): UnlockQuery {
  if (typeof body !== 'object' || body === null || Array.isArray(body)) {
    throw new PageRequestError('the body must be a JSON object: {"name": "...", "key": "..."}');
  }
  const { name, key = '', all = false, ...rest } = body as Record<string, unknown>;
  const [unknownField] = Object.keys(rest);
  if (unknownField !== undefined) {
    throw new PageRequestError(
      `unknown field ${JSON.stringify(unknownField.slice(0, 64))}: name, key and all are known`,
    );
  }
  if (typeof name !== 'string' || name === '') {
    throw new PageRequestError('name must be the name of a lock, which is never empty');
  }
  checkLockName('name', name);
  if (typeof key !== 'string' || typeof all !== 'boolean') {
    throw new PageRequestError('key must be a string, and all true or false');
  }
  // Which holder is meant must be said: the one that is seen may have gone, and another one come.
  if (all === (key !== ''))
    throw new PageRequestError('either key or all must say which holders are released');
  if (!all && (key.length < SHOWN_KEY_CHARACTERS || key.length > Limits.keyBytesMax)) {
    throw new PageRequestError(
      `key must be ${SHOWN_KEY_CHARACTERS} to ${Limits.keyBytesMax} characters: the holder's key, or how it begins`,
    );
  }
  return { name, key, all };
}
