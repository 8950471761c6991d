/** What went wrong with ZooKeeper. Every error that the client and the locks on it throw on purpose is one. */
export class ZooKeeperError extends Error {
  /** Stable across releases. */
  readonly code: string;
  /** The node that was asked for; empty when none was. */
  readonly path: string;

  constructor(code: string, message: string, path = '', cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = new.target.name;
    this.code = code;
    this.path = path;
  }
}

/** The server sent what cannot be understood; the connection is given up. */
export class MalformedReplyError extends ZooKeeperError {
  constructor(message: string) {
    super('ZOOKEEPER_MALFORMED_REPLY', `the server sent what cannot be understood: ${message}`);
  }
}

/** The program asks for what cannot be; it has to be changed. */
export class ZooKeeperUseError extends ZooKeeperError {
  constructor(message: string, path = '') {
    super('ZOOKEEPER_USE', message, path);
  }
}

/** The connection was lost before there was an answer: the request may have taken effect, or not. */
export class ConnectionLossError extends ZooKeeperError {
  constructor(path: string, cause?: unknown) {
    super('ZOOKEEPER_CONNECTION_LOSS', `the connection was lost${at(path)}`, path, cause);
  }
}

/** No server could be asked in time: the request has not been sent, or has changed nothing. */
export class RequestTimeoutError extends ZooKeeperError {
  constructor(path: string, timeoutMs: number) {
    super('ZOOKEEPER_REQUEST_TIMEOUT', `no server could be asked within ${timeoutMs} ms${at(path)}`, path);
  }
}

/** The session has ended, by the server's word or by the client's own clock, and with it all its ephemeral nodes. */
export class SessionExpiredError extends ZooKeeperError {
  constructor(path = '') {
    super('ZOOKEEPER_SESSION_EXPIRED', `the session has expired${at(path)}`, path);
  }
}

/** The client was closed. */
export class ClientClosedError extends ZooKeeperError {
  constructor(path = '') {
    super('ZOOKEEPER_CLIENT_CLOSED', `the client was closed${at(path)}`, path);
  }
}

/** More requests wait than the client may keep. */
export class TooManyRequestsError extends ZooKeeperError {
  constructor(path: string, max: number) {
    super('ZOOKEEPER_TOO_MANY_REQUESTS', `more than ${max} requests wait for an answer`, path);
  }
}

/** No server could be reached in the time that there was. */
export class NoServerError extends ZooKeeperError {
  constructor(servers: string, timeoutMs: number, cause?: unknown) {
    const reason = cause instanceof Error ? `: ${cause.message}` : '';
    super(
      'ZOOKEEPER_NO_SERVER',
      `none of ${servers} could be reached within ${timeoutMs} ms${reason}`,
      '',
      cause,
    );
  }
}

/** A multi did nothing, because of at least one of its operations. */
export class MultiFailedError extends ZooKeeperError {
  /** For each operation why it failed; null for those that were not to blame. */
  readonly errors: readonly (ZooKeeperError | null)[];

  constructor(errors: readonly (ZooKeeperError | null)[]) {
    const first = errors.find((error) => error !== null);
    super(
      'ZOOKEEPER_MULTI_FAILED',
      `none was done: ${first?.message ?? 'no reason given'}`,
      first?.path,
      first,
    );
    this.errors = errors;
  }
}

function at(path: string): string {
  return path === '' ? '' : ` (${path})`;
}
