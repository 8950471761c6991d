import { Limits } from '../../base/limits.ts';
import { LdlmServerError } from '../../contract/server-error.ts';

/** A request to the dashboard's interface that makes no sense. */
export class PageRequestError extends LdlmServerError {
  readonly statusCode = 400;

  constructor(message: string) {
    super('LDLM_PAGE_REQUEST', message);
  }
}

/**
 * Sees that a text can be the name of a lock, or the beginning of one. Half a surrogate pair has no UTF-8, so it would stand
 * for another name than the one that was sent.
 *
 * @param field what the text is called in the request
 * @throws PageRequestError
 */
export function checkLockName(field: string, text: string): void {
  if (/\p{Surrogate}/u.test(text)) {
    throw new PageRequestError(`${field} has half a surrogate pair, which no name of a lock has`);
  }
  const bytes = Buffer.byteLength(text);
  if (bytes > Limits.nameBytesMax) {
    throw new PageRequestError(
      `${field} has ${bytes} bytes of UTF-8, and names of locks have at most ${Limits.nameBytesMax}`,
    );
  }
}
