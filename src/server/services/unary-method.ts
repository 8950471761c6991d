import { GrpcStatus } from '../../contract/grpc-status.ts';
import type { CallListener, ServerCall, ServiceMethod } from '../../protocol/grpc/service-method.ts';
import { loadMethod } from './proto-files.ts';
import { SingleRequest } from './single-request.ts';

/** What a call is ended with in place of a reply. */
export class CallRefusal {
  readonly status: Exclude<GrpcStatus, typeof GrpcStatus.Ok>;
  readonly text: string;

  constructor(status: Exclude<GrpcStatus, typeof GrpcStatus.Ok>, text: string) {
    this.status = status;
    this.text = text;
  }
}

/**
 * A method with one request and one reply.
 *
 * @param path `/package.Service/Method`, which one of the package's .proto files declares.
 * @param open whether it may be called without the password.
 * @param handle answers a request at once. It must not throw.
 * @throws ProtoFilesError when no .proto file declares the method.
 */
export function unaryMethod<Request extends object, Reply extends object>(
  path: string,
  open: boolean,
  handle: (request: Request) => Reply | CallRefusal,
): ServiceMethod {
  const { requestDeserialize, responseSerialize } = loadMethod<Request, Reply>(path);
  return {
    path,
    open,
    start(call: ServerCall): CallListener {
      return new SingleRequest(call, requestDeserialize, {
        requested(request) {
          const answer = handle(request);
          if (answer instanceof CallRefusal) return call.end(answer.status, answer.text);
          call.send(responseSerialize(answer));
          call.end(GrpcStatus.Ok);
        },
        cancelled() {},
      });
    },
  };
}
