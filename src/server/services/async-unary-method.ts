import { Limits } from '../../base/limits.ts';
import { GrpcStatus } from '../../contract/grpc-status.ts';
import { LdlmServerError } from '../../contract/server-error.ts';
import type { CallListener, ServerCall, ServiceMethod } from '../../protocol/grpc/service-method.ts';
import { loadMethod } from './proto-files.ts';
import { SingleRequest } from './single-request.ts';
import { CallRefusal } from './unary-method.ts';

/** Clients take no longer message, by default, than the server does. */
export class ReplyTooLongError extends LdlmServerError {
  constructor() {
    super(
      'LDLM_REPLY_TOO_LONG',
      `the reply would be longer than ${Limits.messageBytesMax} bytes: ask for less at a time`,
    );
  }
}

/**
 * The parts of a reply: messages that are put into bytes one by one and together are the reply, as protobuf joins the
 * repeated fields of what is concatenated. Whoever makes long ones lets others have their turn in between.
 */
export type ReplyParts<Reply> = Iterable<Reply> | AsyncIterable<Reply>;

/**
 * A method with one request and one reply that takes its time. What the handler has begun is not undone when the
 * caller goes or its deadline passes: it has to be bounded by itself, and its reply is thrown away.
 *
 * @param path `/package.Service/Method`, which one of the package's .proto files declares. It needs the password.
 * @param handle answers a request with the parts of a reply
 * @param refuse the status that stands for what `handle` rejects with
 * @throws ProtoFilesError when no .proto file declares the method.
 */
export function asyncUnaryMethod<Request extends object, Reply extends object>(
  path: string,
  handle: (request: Request) => Promise<ReplyParts<Reply>>,
  refuse: (error: unknown) => CallRefusal,
): ServiceMethod {
  const { requestDeserialize, responseSerialize } = loadMethod<Request, Reply>(path);
  const answer = async (request: Request): Promise<Uint8Array | CallRefusal> => {
    try {
      return await joinParts(await handle(request), responseSerialize);
    } catch (error) {
      return refuse(error);
    }
  };
  return {
    path,
    open: false,
    start(call: ServerCall): CallListener {
      return new SingleRequest(call, requestDeserialize, {
        requested: (request) => void answer(request).then((reply) => finish(call, reply)),
        cancelled() {},
      });
    },
  };
}

/** @throws ReplyTooLongError */
async function joinParts<Reply>(
  parts: ReplyParts<Reply>,
  serialize: (part: Reply) => Uint8Array,
): Promise<Uint8Array> {
  const pieces: Uint8Array[] = [];
  let bytes = 0;
  for await (const part of parts) {
    const piece = serialize(part);
    pieces.push(piece);
    bytes += piece.length;
    if (bytes > Limits.messageBytesMax) throw new ReplyTooLongError();
  }
  return pieces.length === 1 ? pieces[0]! : Buffer.concat(pieces);
}

function finish(call: ServerCall, reply: Uint8Array | CallRefusal): void {
  if (reply instanceof CallRefusal) return call.end(reply.status, reply.text);
  call.send(reply);
  call.end(GrpcStatus.Ok);
}
