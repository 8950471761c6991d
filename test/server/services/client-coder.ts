import { loadSync, type ServiceDefinition } from '@grpc/proto-loader';

export const protosPath = new URL('../../../protos', import.meta.url).pathname;

export interface ClientCoder<Request extends object, Reply extends object> {
  requestSerialize(request: Request): Buffer;
  responseDeserialize(bytes: Buffer): Reply;
}

/** A client's way to code a method's messages, made without the code under test. Enum values are names. */
export function clientCoder<Request extends object, Reply extends object>(
  file: string,
  service: string,
  method: string,
): ClientCoder<Request, Reply> {
  const definition = loadSync(file, {
    includeDirs: [protosPath],
    keepCase: true,
    enums: String,
    oneofs: true,
  });
  const coder: ClientCoder<object, object> = (definition[service] as ServiceDefinition)[method]!;
  return coder as ClientCoder<Request, Reply>;
}
