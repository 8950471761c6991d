import { Limits } from '../../base/limits.ts';
import type { HeaderSink } from '../hpack/decoder.ts';

/**
 * The header fields of a request that anything here looks at, and what is wrong with the rest. Immutable once
 * read: requests with equal header blocks share one head, see {@link HeadCache}.
 *
 * `Plan` is what the layer above makes of a head, worked out once and kept with it.
 */
export class RequestHead<Plan> implements HeaderSink {
  method = '';
  path = '';
  contentType = '';
  grpcTimeout = '';
  grpcEncoding = '';
  /** The first value of `authorization`; null when there is none, which differs from an empty one. */
  authorization: string | null = null;
  /** -1 when there is none. */
  contentLength = -1;
  /** What makes the request malformed (RFC 9113 section 8.1.1: a stream error), or null. */
  malformed: string | null = null;
  /** The header list is longer than announced in SETTINGS_MAX_HEADER_LIST_SIZE. */
  tooLarge = false;
  plan: Plan | null = null;

  #pseudoSeen = 0;
  #regularSeen = false;
  readonly #trailers: boolean;

  /** `trailers`: the block comes behind the body, where pseudo-header fields are not allowed. */
  constructor(trailers = false) {
    this.#trailers = trailers;
  }

  header(name: string, value: string): void {
    if (name.charCodeAt(0) === COLON) this.#pseudo(name, value);
    else this.#regular(name, value);
  }

  /** To be called behind the last field. */
  finish(): void {
    // Of a list that is too long not all was seen, so nothing can be missed.
    if (this.#trailers || this.tooLarge || this.malformed !== null) return;
    // RFC 9113 section 8.3.1: exactly one valid value for :method, :scheme and :path.
    if ((this.#pseudoSeen & REQUIRED_PSEUDO) !== REQUIRED_PSEUDO)
      this.malformed = 'pseudo-header field missing';
    else if (this.path === '') this.malformed = 'empty :path';
  }

  #pseudo(name: string, value: string): void {
    const bit = PSEUDO_BITS.get(name);
    // RFC 9113 section 8.3: undefined ones, ones behind regular fields, ones in trailers and repeats are malformed.
    if (bit === undefined) this.malformed ??= 'unknown pseudo-header field';
    else if (this.#trailers) this.malformed ??= 'pseudo-header field in trailers';
    else if (this.#regularSeen) this.malformed ??= 'pseudo-header field behind a regular one';
    else if ((this.#pseudoSeen & bit) !== 0) this.malformed ??= 'repeated pseudo-header field';
    else if (!isFieldValue(value)) this.malformed ??= 'invalid field value';
    else this.#setPseudo(bit, value);
  }

  #setPseudo(bit: number, value: string): void {
    this.#pseudoSeen |= bit;
    if (bit === METHOD_BIT) this.method = cut(value, Limits.headerValueBytesMax);
    else if (bit === PATH_BIT) this.path = cut(value, Limits.headerValueBytesMax);
  }

  #regular(name: string, value: string): void {
    this.#regularSeen = true;
    if (!isFieldName(name)) this.malformed ??= 'invalid field name';
    else if (!isFieldValue(value)) this.malformed ??= 'invalid field value';
    else if (!this.#trailers) this.#keep(name, value);
  }

  #keep(name: string, value: string): void {
    switch (name) {
      case 'content-type':
        this.contentType = cut(value, Limits.headerValueBytesMax);
        return;
      case 'grpc-timeout':
        this.grpcTimeout = cut(value, Limits.headerValueBytesMax);
        return;
      case 'grpc-encoding':
        this.grpcEncoding = cut(value, Limits.headerValueBytesMax);
        return;
      case 'authorization':
        this.authorization ??= cut(value, Limits.authorizationBytesMax);
        return;
      case 'content-length':
        this.#keepContentLength(value);
        return;
      case 'te':
        if (value.toLowerCase() !== 'trailers') this.malformed ??= 'te other than trailers';
        return;
      case 'connection':
      case 'keep-alive':
      case 'proxy-connection':
      case 'transfer-encoding':
      case 'upgrade':
        // RFC 9113 section 8.2.2: connection-specific fields make a message malformed.
        this.malformed ??= 'connection-specific field';
        return;
      default:
    }
  }

  #keepContentLength(value: string): void {
    const length = /^\d{1,15}$/.test(value) ? Number(value) : -1;
    if (length < 0 || (this.contentLength >= 0 && this.contentLength !== length)) {
      this.malformed ??= 'invalid content-length';
    } else {
      this.contentLength = length;
    }
  }
}

/** Stands for a value that is longer than `Limits` allow. No peer can send it, since it has a NUL, and no password can be it. */
export const TOO_LONG = '\0(too long)';

const COLON = 0x3a;
const METHOD_BIT = 1;
const SCHEME_BIT = 2;
const PATH_BIT = 4;
const AUTHORITY_BIT = 8;
const REQUIRED_PSEUDO = METHOD_BIT | SCHEME_BIT | PATH_BIT;

const PSEUDO_BITS: ReadonlyMap<string, number> = new Map([
  [':method', METHOD_BIT],
  [':scheme', SCHEME_BIT],
  [':path', PATH_BIT],
  [':authority', AUTHORITY_BIT],
]);

/** A value that is longer is none that means anything here. */
function cut(value: string, bytesMax: number): string {
  return value.length <= bytesMax ? value : TOO_LONG;
}

/** RFC 9113 section 8.2.1: no octets up to 0x20, no upper case, none from 0x7f on, no colon. */
function isFieldName(name: string): boolean {
  for (let i = 0; i < name.length; i++) {
    const c = name.charCodeAt(i);
    if (c <= 0x20 || c >= 0x7f || c === COLON || (c >= 0x41 && c <= 0x5a)) return false;
  }
  return name.length > 0;
}

/** RFC 9113 section 8.2.1: no NUL, LF or CR, and neither a space nor a tab at either end. */
function isFieldValue(value: string): boolean {
  if (isBlank(value.charCodeAt(0)) || isBlank(value.charCodeAt(value.length - 1))) return false;
  for (let i = 0; i < value.length; i++) {
    const c = value.charCodeAt(i);
    if (c === 0 || c === 0x0a || c === 0x0d) return false;
  }
  return true;
}

function isBlank(c: number): boolean {
  return c === 0x20 || c === 0x09;
}
