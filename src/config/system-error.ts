import { getSystemErrorMap } from 'node:util';
import { formatListenAddress } from './listen-address.ts';

/** What an operating system's error says in Go, where libuv words it differently. */
const goTexts: ReadonlyMap<string, string> = new Map([
  ['EISDIR', 'is a directory'],
  ['EADDRNOTAVAIL', 'cannot assign requested address'],
]);

/** True for the errors that Node.js makes of failed calls to the operating system. */
export function isSystemError(error: unknown): error is NodeJS.ErrnoException & { code: string } {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' && 'syscall' in error;
}

/** The reason of a failed system call as Go words it: `no such file or directory`, `address already in use`. */
export function describeSystemError(error: NodeJS.ErrnoException): string {
  const text = goTexts.get(error.code ?? '') ?? getSystemErrorMap().get(error.errno ?? 0)?.[1];
  return text ?? error.message;
}

/** A file that could not be read, as Go words it: `open <path>: no such file or directory`. */
export function describeFileError(error: unknown, path: string): string {
  if (!isSystemError(error)) return error instanceof Error ? error.message : String(error);
  return `${error.syscall === 'read' ? 'read' : 'open'} ${path}: ${describeSystemError(error)}`;
}

/** An address that could not be listened at, as Go words it: `listen tcp <address>: bind: address already in use`. */
export function describeListenError(error: NodeJS.ErrnoException): string {
  if (error.syscall?.startsWith('getaddrinfo') && 'hostname' in error) {
    return `listen tcp: lookup ${error.hostname}: no such host`;
  }
  const host = 'address' in error ? String(error.address) : '';
  const port = 'port' in error ? Number(error.port) : 0;
  return `listen tcp ${formatListenAddress({ host, port })}: bind: ${describeSystemError(error)}`;
}
