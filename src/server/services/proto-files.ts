import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import {
  type AnyDefinition,
  loadSync,
  type PackageDefinition,
  type ServiceDefinition,
} from '@grpc/proto-loader';
import { LdlmServerError } from '../../contract/server-error.ts';

/** The package's .proto files, or something in them, cannot be found: the installation is not whole. */
export class ProtoFilesError extends LdlmServerError {
  constructor(message: string) {
    super('LDLM_PROTO_FILES', message);
  }
}

/** The files whose services the server has, as they import each other and as reflection names them. */
const FILE_NAMES = [
  'ldlm.proto',
  'ldlm-admin.proto',
  'grpc/health/v1/health.proto',
  'grpc/reflection/v1/reflection.proto',
  'grpc/reflection/v1alpha/reflection.proto',
];

/** A server's side of coding one method's messages. */
export interface MethodCoder<Request extends object, Reply extends object> {
  /** @throws Error when the bytes are no such message. */
  requestDeserialize(bytes: Buffer): Request;
  responseSerialize(reply: Reply): Uint8Array;
}

let served: PackageDefinition | null = null;

/**
 * How to code the messages of one method, for example of `/grpc.health.v1.Health/Check`. Messages are plain objects:
 * fields are named as in the .proto file, 64-bit integers are decimal strings, enum values are names, absent fields
 * have their defaults, and the property of a oneof's name holds the name of its field that is set.
 *
 * The caller says what the messages look like; nothing checks that.
 *
 * @throws ProtoFilesError when no .proto file declares the method.
 */
export function loadMethod<Request extends object, Reply extends object>(
  path: string,
): MethodCoder<Request, Reply> {
  const [, serviceName = '', methodName = ''] = path.split('/');
  const service = loadServed()[serviceName];
  const coder: MethodCoder<object, object> | undefined =
    service !== undefined && isService(service) ? service[methodName] : undefined;
  if (coder === undefined) throw new ProtoFilesError(`no .proto file declares the method ${path}`);
  return coder as MethodCoder<Request, Reply>;
}

/** The full names of all services that the server has, sorted. */
export function listServices(): string[] {
  const entries = Object.entries(loadServed());
  return entries.flatMap(([name, definition]) => (isService(definition) ? [name] : [])).sort();
}

/**
 * The path of a file or folder below the package's `protos`. Sources and compiled files lie at different depths, so
 * it is looked for upwards.
 *
 * @throws ProtoFilesError when it is not there.
 */
export function findProtosPath(name = ''): string {
  for (let folder = new URL('.', import.meta.url); ; folder = new URL('..', folder)) {
    const path = fileURLToPath(new URL(`protos/${name}`, folder));
    if (existsSync(path)) return path;
    if (folder.pathname === '/') throw new ProtoFilesError(`protos/${name} is missing from the installation`);
  }
}

function loadServed(): PackageDefinition {
  served ??= loadSync(FILE_NAMES, {
    includeDirs: [findProtosPath()],
    keepCase: true,
    longs: String,
    enums: String,
    defaults: true,
    oneofs: true,
  });
  return served;
}

function isService(definition: AnyDefinition): definition is ServiceDefinition {
  return !('format' in definition);
}
