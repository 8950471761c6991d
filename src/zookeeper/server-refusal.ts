import { SessionExpiredError, ZooKeeperError } from './zookeeper-error.ts';

/** A server refused. There is a class for each number that it may say (KeeperException.Code). */
export class ServerRefusalError extends ZooKeeperError {
  /** ZooKeeper's own number. */
  readonly zooKeeperCode: number;

  constructor(code: string, zooKeeperCode: number, text: string, path: string) {
    super(`ZOOKEEPER_${code}`, path === '' ? text : `${text}: ${path}`, path);
    this.zooKeeperCode = zooKeeperCode;
  }
}

/** A number that no class stands for. */
export class UnknownRefusalError extends ServerRefusalError {
  constructor(zooKeeperCode: number, path: string) {
    super('UNKNOWN', zooKeeperCode, `the server refused with the number ${zooKeeperCode}`, path);
  }
}

export class SystemError extends ServerRefusalError {
  constructor(path = '') {
    super('SYSTEM_ERROR', -1, 'the server failed', path);
  }
}

export class RuntimeInconsistencyError extends ServerRefusalError {
  constructor(path = '') {
    super('RUNTIME_INCONSISTENCY', -2, 'another operation of the same multi failed', path);
  }
}

export class DataInconsistencyError extends ServerRefusalError {
  constructor(path = '') {
    super('DATA_INCONSISTENCY', -3, 'the data of the server is inconsistent', path);
  }
}

export class MarshallingError extends ServerRefusalError {
  constructor(path = '') {
    super('MARSHALLING', -5, 'the server could not read the request, or write its answer', path);
  }
}

export class UnimplementedError extends ServerRefusalError {
  constructor(path = '') {
    super('UNIMPLEMENTED', -6, 'the server does not know this operation', path);
  }
}

export class OperationTimeoutError extends ServerRefusalError {
  constructor(path = '') {
    super('OPERATION_TIMEOUT', -7, 'the server gave the operation up', path);
  }
}

export class BadArgumentsError extends ServerRefusalError {
  constructor(path = '') {
    super('BAD_ARGUMENTS', -8, 'the server refused the arguments', path);
  }
}

export class NewConfigNoQuorumError extends ServerRefusalError {
  constructor(path = '') {
    super('NEW_CONFIG_NO_QUORUM', -13, 'no quorum of the new configuration is connected', path);
  }
}

export class ReconfigInProgressError extends ServerRefusalError {
  constructor(path = '') {
    super('RECONFIG_IN_PROGRESS', -14, 'another reconfiguration is going on', path);
  }
}

export class ApiError extends ServerRefusalError {
  constructor(path = '') {
    super('API_ERROR', -100, 'the server refused the operation', path);
  }
}

export class NoNodeError extends ServerRefusalError {
  constructor(path = '') {
    super('NO_NODE', -101, 'there is no such node', path);
  }
}

export class NoAuthError extends ServerRefusalError {
  constructor(path = '') {
    super('NO_AUTH', -102, 'the node may not be used so by this client', path);
  }
}

export class BadVersionError extends ServerRefusalError {
  constructor(path = '') {
    super('BAD_VERSION', -103, 'the node has another version', path);
  }
}

export class NoChildrenForEphemeralsError extends ServerRefusalError {
  constructor(path = '') {
    super('NO_CHILDREN_FOR_EPHEMERALS', -108, 'an ephemeral node has no children', path);
  }
}

export class NodeExistsError extends ServerRefusalError {
  constructor(path = '') {
    super('NODE_EXISTS', -110, 'the node exists already', path);
  }
}

export class NotEmptyError extends ServerRefusalError {
  constructor(path = '') {
    super('NOT_EMPTY', -111, 'the node has children', path);
  }
}

export class InvalidCallbackError extends ServerRefusalError {
  constructor(path = '') {
    super('INVALID_CALLBACK', -113, 'the server refused the callback', path);
  }
}

export class InvalidAclError extends ServerRefusalError {
  constructor(path = '') {
    super('INVALID_ACL', -114, 'the ACL is empty, or names what the server does not know', path);
  }
}

export class AuthFailedError extends ServerRefusalError {
  constructor(path = '') {
    super('AUTH_FAILED', -115, 'the server does not accept the credentials', path);
  }
}

export class SessionMovedError extends ServerRefusalError {
  constructor(path = '') {
    super('SESSION_MOVED', -118, 'the session has moved to another server', path);
  }
}

export class NotReadOnlyError extends ServerRefusalError {
  constructor(path = '') {
    super('NOT_READ_ONLY', -119, 'the server only reads now', path);
  }
}

export class EphemeralOnLocalSessionError extends ServerRefusalError {
  constructor(path = '') {
    super('EPHEMERAL_ON_LOCAL_SESSION', -120, 'a local session has no ephemeral nodes', path);
  }
}

export class NoWatcherError extends ServerRefusalError {
  constructor(path = '') {
    super('NO_WATCHER', -121, 'there is no such watch', path);
  }
}

export class ServerRequestTimeoutError extends ServerRefusalError {
  constructor(path = '') {
    super('SERVER_REQUEST_TIMEOUT', -122, 'the server had no answer in time', path);
  }
}

export class ReconfigDisabledError extends ServerRefusalError {
  constructor(path = '') {
    super('RECONFIG_DISABLED', -123, 'reconfiguration is switched off', path);
  }
}

export class SessionClosedRequireAuthError extends ServerRefusalError {
  constructor(path = '') {
    super('SESSION_CLOSED_REQUIRE_AUTH', -124, 'the server wants another authentication first', path);
  }
}

export class QuotaExceededError extends ServerRefusalError {
  constructor(path = '') {
    super('QUOTA_EXCEEDED', -125, 'the quota is used up', path);
  }
}

export class ThrottledError extends ServerRefusalError {
  constructor(path = '') {
    super('THROTTLED', -127, 'the server has too much to do', path);
  }
}

const SESSION_EXPIRED = -112;

const classes: ReadonlyMap<number, new (path: string) => ServerRefusalError> = new Map(
  [
    SystemError,
    RuntimeInconsistencyError,
    DataInconsistencyError,
    MarshallingError,
    UnimplementedError,
    OperationTimeoutError,
    BadArgumentsError,
    NewConfigNoQuorumError,
    ReconfigInProgressError,
    ApiError,
    NoNodeError,
    NoAuthError,
    BadVersionError,
    NoChildrenForEphemeralsError,
    NodeExistsError,
    NotEmptyError,
    InvalidCallbackError,
    InvalidAclError,
    AuthFailedError,
    SessionMovedError,
    NotReadOnlyError,
    EphemeralOnLocalSessionError,
    NoWatcherError,
    ServerRequestTimeoutError,
    ReconfigDisabledError,
    SessionClosedRequireAuthError,
    QuotaExceededError,
    ThrottledError,
  ].map((refusal) => [new refusal().zooKeeperCode, refusal]),
);

/** What the number in a reply means. */
export function refusalOf(zooKeeperCode: number, path: string): ZooKeeperError {
  if (zooKeeperCode === SESSION_EXPIRED) return new SessionExpiredError(path);
  const refusal = classes.get(zooKeeperCode);
  return refusal === undefined ? new UnknownRefusalError(zooKeeperCode, path) : new refusal(path);
}
