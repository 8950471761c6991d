import { LdlmServerError } from '../contract/server-error.ts';

/** Where to listen. */
export interface ListenAddress {
  /** Host name or address without brackets; empty for all interfaces. */
  readonly host: string;
  /** 0 to 65535; 0 lets the operating system choose a free one. */
  readonly port: number;
}

/** An address that names no place to listen at. The message is the one that Go's `net.Listen` gives. */
export class ListenAddressError extends LdlmServerError {
  constructor(reason: string) {
    super('LDLM_LISTEN_ADDRESS', `listen tcp: ${reason}`);
  }
}

/**
 * Splits `host:port` by the rules of Go's `net.SplitHostPort`: an IPv6 address stands in brackets, an empty host
 * means all interfaces, an empty port any free one.
 *
 * @throws ListenAddressError
 */
export function parseListenAddress(text: string): ListenAddress {
  const { host, port } = splitHostPort(text);
  return { host, port: parsePort(port) };
}

/** The reverse of {@link parseListenAddress}, as logs and messages show it. */
export function formatListenAddress(address: ListenAddress): string {
  const host = address.host.includes(':') ? `[${address.host}]` : address.host;
  return `${host}:${address.port}`;
}

function splitHostPort(text: string): { host: string; port: string } {
  const colon = text.lastIndexOf(':');
  if (colon < 0) throw addressError(text, 'missing port in address');
  const port = text.slice(colon + 1);

  if (!text.startsWith('[')) {
    const host = text.slice(0, colon);
    if (host.includes(':')) throw addressError(text, 'too many colons in address');
    refuseBracket(text, text, '[');
    refuseBracket(text, text, ']');
    return { host, port };
  }

  const end = text.indexOf(']');
  if (end < 0) throw addressError(text, "missing ']' in address");
  if (end + 1 !== colon) {
    const reason = text[end + 1] === ':' ? 'too many colons in address' : 'missing port in address';
    throw addressError(text, reason);
  }
  refuseBracket(text, text.slice(1), '[');
  refuseBracket(text, port, ']');
  return { host: text.slice(1, end), port };
}

function refuseBracket(text: string, part: string, bracket: '[' | ']'): void {
  if (part.includes(bracket)) throw addressError(text, `unexpected '${bracket}' in address`);
}

/** Service names, which Go looks up, are not known here: a lock server's port is a number. */
function parsePort(port: string): number {
  if (port === '') return 0;
  if (!/^[+-]?[0-9]+$/.test(port)) throw new ListenAddressError(`lookup tcp/${port}: unknown port`);
  const value = Number(port);
  if (value < 0 || value > 65_535) throw addressError(port, 'invalid port');
  return value + 0; // Makes -0 an ordinary zero.
}

function addressError(address: string, reason: string): ListenAddressError {
  return new ListenAddressError(address === '' ? reason : `address ${address}: ${reason}`);
}
