import type { JuteReader } from './jute-reader.ts';
import type { JuteWriter } from './jute-writer.ts';

const PROTOCOL_VERSION = 0;

/** By which servers know a session again. Whoever has it can use the session, so it is a secret. */
export interface SessionTicket {
  readonly sessionId: bigint;
  readonly password: Buffer;
}

/** The wish for a new one. */
export const NO_SESSION: SessionTicket = { sessionId: 0n, password: Buffer.alloc(16) };

/** The first frame of a connection. */
export function writeConnect(
  writer: JuteWriter,
  ticket: SessionTicket,
  timeoutMs: number,
  lastZxid: bigint,
): void {
  writer.beginFrame();
  writer.int(PROTOCOL_VERSION);
  writer.long(lastZxid);
  writer.int(timeoutMs);
  writer.long(ticket.sessionId);
  writer.buffer(ticket.password);
  // Reads from a server that has lost its ensemble are of no use for locks.
  writer.bool(false);
  writer.endFrame();
}

export interface ConnectReply {
  /** What the server grants; 0 or less: the session has expired. */
  readonly timeoutMs: number;
  readonly ticket: SessionTicket;
}

export function readConnectReply(reader: JuteReader): ConnectReply {
  reader.int();
  const timeoutMs = reader.int();
  // Servers before 3.4 end here; whether it only reads was not asked for.
  return { timeoutMs, ticket: { sessionId: reader.long(), password: reader.buffer() } };
}
