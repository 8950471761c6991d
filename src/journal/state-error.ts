import { getSystemErrorMap } from 'node:util';
import { LdlmServerError } from '../contract/server-error.ts';

/** What is wrong with a state file. */
export type StateFileErrorCode =
  /** Neither one of this server nor one of LDLM. */
  | 'LDLM_STATE_FOREIGN'
  /** Written by a later version of this server. */
  | 'LDLM_STATE_VERSION'
  /** Changed by something else than this server. */
  | 'LDLM_STATE_DAMAGED'
  /** The operating system refuses to read or write it. */
  | 'LDLM_STATE_IO'
  /** Another server has it. */
  | 'LDLM_STATE_IN_USE';

/** A state file that cannot be used. It is left as it was found. The message is one line. */
export class StateFileError extends LdlmServerError {
  constructor(code: StateFileErrorCode, message: string, options?: ErrorOptions) {
    super(code, message, options);
  }
}

/** @param offset the byte where the file stops being one of LDLM's, @param reason what is wrong there */
export function foreignFile(path: string, offset: number, reason: string): StateFileError {
  return new StateFileError(
    'LDLM_STATE_FOREIGN',
    `${path} is no state file of this server, nor of LDLM (at byte ${offset}: ${reason}): give another path with --state_file, or move the file away`,
  );
}

/** @param version that of the file, @param versionKnown the highest that this server reads */
export function laterVersion(path: string, version: string, versionKnown: number): StateFileError {
  return new StateFileError(
    'LDLM_STATE_VERSION',
    `${path} has state version ${version}, and this server knows ${versionKnown}: use the later server that wrote it`,
  );
}

/** @param offset the first byte that cannot be trusted */
export function damagedFile(path: string, offset: number): StateFileError {
  return new StateFileError(
    'LDLM_STATE_DAMAGED',
    `${path} is damaged at byte ${offset}: bring back a copy of it, or start with --state_repair to keep what can be read`,
  );
}

/** @param offset the first byte that is wrong */
export function damagedManifest(path: string, offset: number): StateFileError {
  return new StateFileError(
    'LDLM_STATE_DAMAGED',
    `${path} is damaged at byte ${offset}: bring back a copy of it, as its data files cannot be read without it`,
  );
}

/** @param holderPid the process that has it; undefined when nobody knows */
export function stateInUse(path: string, holderPid: number | undefined): StateFileError {
  const holder = holderPid === undefined ? 'another process' : `process ${holderPid}`;
  return new StateFileError(
    'LDLM_STATE_IN_USE',
    `${path} is in use by ${holder}: stop that one, or give another path with --state_file`,
  );
}

/**
 * What to throw for something caught while a state file was in use: a {@link StateFileError} for what the operating
 * system refused, anything else as it is.
 */
export function stateIoError(path: string, error: unknown): unknown {
  if (!isSystemError(error)) return error;
  const reason = getSystemErrorMap().get(error.errno ?? 0)?.[1] ?? error.code;
  const what = `${error.syscall} ${error.path ?? path}: ${reason}`;
  return new StateFileError(
    'LDLM_STATE_IO',
    `cannot use the state file ${path} (${what}): mend that, or give another path with --state_file`,
    { cause: error },
  );
}

function isSystemError(error: unknown): error is NodeJS.ErrnoException {
  return error instanceof Error && 'syscall' in error;
}
