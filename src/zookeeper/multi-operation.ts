import { checkCreate, checkData, checkVersion } from './client-options.ts';
import type { CreateOptions } from './nodes.ts';
import { check, type MultiPart } from './session/multi.ts';
import * as operations from './session/operations.ts';
import type { RequestParts } from './session/request.ts';
import type { Acl } from './wire/records.ts';
import { ZooKeeperUseError } from './zookeeper-error.ts';

/** One operation of a multi: see `ZooKeeperClient.multi`. */
export type MultiOperation =
  | ({ readonly type: 'create'; readonly path: string } & CreateOptions)
  | { readonly type: 'delete'; readonly path: string; readonly version?: number }
  | { readonly type: 'setData'; readonly path: string; readonly data: Uint8Array; readonly version?: number }
  | { readonly type: 'check'; readonly path: string; readonly version: number };

const TYPES: readonly MultiOperation['type'][] = ['create', 'delete', 'setData', 'check'];
/** Whatever version a node has. */
export const ANY_VERSION = -1;
const EMPTY = Buffer.alloc(0);

/** What a node is created with, where its maker says no more than that. */
export function createParts(options: CreateOptions, clientAcl: readonly Acl[]): operations.CreateParts {
  const { mode = 'persistent', data = EMPTY, acl = clientAcl, ttlMs = 0 } = options;
  return { mode, data, acl, ttlMs };
}

/** @throws ZooKeeperUseError */
export function checkOperations(asked: readonly MultiOperation[]): void {
  const isOne = (operation: unknown): boolean => typeof operation === 'object' && operation !== null;
  if (!Array.isArray(asked) || !asked.every(isOne))
    throw new ZooKeeperUseError(
      "a multi must be a list of operations such as { type: 'delete', path: '/a' }",
    );
}

/**
 * @param acl that of what is created, where the operation does not say it
 * @throws ZooKeeperUseError
 */
export function multiPart(
  operation: MultiOperation,
  path: operations.RequestPath,
  acl: readonly Acl[],
): MultiPart {
  switch (operation.type) {
    case 'create':
      checkCreate(path.client, operation);
      // Of the replies to a multi, paths are read elsewhere.
      return part(operations.create(path, createParts(operation, acl), (created) => created));
    case 'delete':
      return part(operations.remove(path, versionOf(path, operation)));
    case 'setData':
      checkData(path.client, operation.data);
      return part(operations.setData(path, operation.data, versionOf(path, operation)));
    case 'check':
      checkVersion(path.client, operation.version);
      return check(path, operation.version);
    default:
      throw noOperation(operation, path);
  }
}

function noOperation({ type }: { readonly type?: unknown }, { client }: operations.RequestPath): Error {
  return new ZooKeeperUseError(`type must be one of ${TYPES.join(', ')}, not ${String(type)}`, client);
}

function versionOf(path: operations.RequestPath, { version = ANY_VERSION }: { version?: number }): number {
  checkVersion(path.client, version);
  return version;
}

function part({ op, path, write }: RequestParts<unknown>): MultiPart {
  return { op, path, write };
}
