import { GrpcStatus } from '../../contract/grpc-status.ts';
import type { CallListener, ServerCall, ServiceMethod } from '../../protocol/grpc/service-method.ts';
import type { DescriptorFile } from './descriptor-file.ts';
import type { DescriptorPool } from './descriptor-pool.ts';
import { loadMethod, type MethodCoder } from './proto-files.ts';

interface ReflectionRequest {
  readonly host: string;
  /** Which of the following it is; undefined when it is none that we know. */
  readonly message_request?:
    | 'file_by_filename'
    | 'file_containing_symbol'
    | 'file_containing_extension'
    | 'all_extension_numbers_of_type'
    | 'list_services';
  readonly file_by_filename?: string;
  readonly file_containing_symbol?: string;
  readonly all_extension_numbers_of_type?: string;
}

type ReflectionAnswer =
  | { readonly file_descriptor_response: { readonly file_descriptor_proto: readonly Buffer[] } }
  | { readonly all_extension_numbers_response: { readonly base_type_name: string } }
  | { readonly list_services_response: { readonly service: readonly { readonly name: string }[] } }
  | { readonly error_response: { readonly error_code: GrpcStatus; readonly error_message: string } };

type ReflectionReply = ReflectionAnswer & {
  readonly valid_host: string;
  readonly original_request: ReflectionRequest;
};

type ReflectionCoder = MethodCoder<ReflectionRequest, ReflectionReply>;

/** Both versions of the protocol, which differ in the package alone. Many clients know but the older one. */
const PATHS = [
  '/grpc.reflection.v1.ServerReflection/ServerReflectionInfo',
  '/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo',
];

/**
 * The standard reflection service, by which grpcurl and its like learn what can be called. It is behind the password.
 *
 * Specification: https://github.com/grpc/grpc/blob/master/doc/server-reflection.md
 */
export function reflectionMethods(pool: DescriptorPool): readonly ServiceMethod[] {
  return PATHS.map((path) => {
    const coder: ReflectionCoder = loadMethod(path);
    return { path, open: false, start: (call) => new ReflectionCall(call, coder, pool) };
  });
}

/** One stream of questions, answered one by one in the order in which they come. */
class ReflectionCall implements CallListener {
  readonly #call: ServerCall;
  readonly #coder: ReflectionCoder;
  readonly #pool: DescriptorPool;
  readonly #sentFiles = new Set<DescriptorFile>();

  constructor(call: ServerCall, coder: ReflectionCoder, pool: DescriptorPool) {
    this.#call = call;
    this.#coder = coder;
    this.#pool = pool;
  }

  message(bytes: Buffer): void {
    let request: ReflectionRequest;
    try {
      request = this.#coder.requestDeserialize(bytes);
    } catch {
      return this.#call.end(GrpcStatus.Internal, 'request message malformed');
    }
    const answer = this.#answer(request);
    this.#call.send(
      this.#coder.responseSerialize({ valid_host: request.host, original_request: request, ...answer }),
    );
  }

  halfClosed(): void {
    this.#call.end(GrpcStatus.Ok);
  }

  cancelled(): void {}

  #answer(request: ReflectionRequest): ReflectionAnswer {
    switch (request.message_request) {
      case 'file_by_filename':
        return this.#answerFile(this.#pool.file(request.file_by_filename ?? ''), 'file not found');
      case 'file_containing_symbol': {
        const file = this.#pool.fileOfSymbol(request.file_containing_symbol ?? '');
        return this.#answerFile(file, 'symbol not found');
      }
      case 'file_containing_extension':
        // Files in proto3 declare no extensions.
        return errorAnswer(GrpcStatus.NotFound, 'extension not found');
      case 'all_extension_numbers_of_type':
        return this.#answerExtensions(request.all_extension_numbers_of_type ?? '');
      case 'list_services':
        return { list_services_response: { service: this.#pool.services.map((name) => ({ name })) } };
      default:
        return errorAnswer(GrpcStatus.Unimplemented, 'unknown kind of request');
    }
  }

  #answerFile(file: DescriptorFile | null, absence: string): ReflectionAnswer {
    if (file === null) return errorAnswer(GrpcStatus.NotFound, absence);
    const files = this.#pool.withImports(file, this.#sentFiles);
    for (const sent of files) this.#sentFiles.add(sent);
    return { file_descriptor_response: { file_descriptor_proto: files.map(({ bytes }) => bytes) } };
  }

  #answerExtensions(typeName: string): ReflectionAnswer {
    if (!this.#pool.isMessage(typeName)) return errorAnswer(GrpcStatus.NotFound, 'type not found');
    return { all_extension_numbers_response: { base_type_name: typeName } };
  }
}

function errorAnswer(code: GrpcStatus, message: string): ReflectionAnswer {
  return { error_response: { error_code: code, error_message: message } };
}
