import { getSystemErrorMap } from 'node:util';

/**
 * Why a file could not be opened or read, as Go words it: `open <path>: no such file or directory`. What is no
 * error of the operating system keeps its message.
 */
export function describeFileError(error: unknown, path: string): string {
  if (!isSystemError(error)) return error instanceof Error ? error.message : String(error);
  return `${error.syscall === 'read' ? 'read' : 'open'} ${path}: ${describeReason(error)}`;
}

function isSystemError(error: unknown): error is NodeJS.ErrnoException {
  return error instanceof Error && 'syscall' in error;
}

/** libuv has Go's words for every reason but one. */
function describeReason(error: NodeJS.ErrnoException): string {
  if (error.code === 'EISDIR') return 'is a directory';
  return getSystemErrorMap().get(error.errno ?? 0)?.[1] ?? error.message;
}
