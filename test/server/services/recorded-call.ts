import type { ServerCall, ServiceMethod } from '../../../src/protocol/grpc/service-method.ts';

/** The server's side of a call, as the front end has it: keeps what the service says. */
export class RecordedCall implements ServerCall {
  readonly sent: Uint8Array[] = [];
  status: number | null = null;
  backlogBytes = 0;
  text: string | undefined;

  send(message: Uint8Array): void {
    if (this.status === null) this.sent.push(message);
  }

  end(status: number, text = ''): void {
    if (this.status !== null) return;
    this.status = status;
    this.text = text;
  }
}

/** Makes a call as a client does that sends one message and half-closes. */
export function callWith(method: ServiceMethod, message: Uint8Array): RecordedCall {
  const call = new RecordedCall();
  const listener = method.start(call);
  listener.message(Buffer.from(message));
  listener.halfClosed();
  return call;
}
