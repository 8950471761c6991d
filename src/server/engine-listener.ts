import { ReplyForm } from '../core/reply-form.ts';
import type { ZooKeeperEvents } from '../engine/zookeeper/zookeeper-engine.ts';
import type { DebugAttributes } from '../shard/debug-lines.ts';
import type { Connections } from './connections.ts';
import type { SessionDirectory } from './session-directory.ts';

/** Takes replies that are bare messages, see {@link EngineEvents.reply}: `bytes[start, end)` is valid during the call only. */
export interface MessageReplies {
  reply(
    shard: number,
    route: number,
    call: number,
    session: number,
    status: number,
    granted: boolean,
    bytes: Buffer,
    start: number,
    end: number,
  ): void;
  /** A shard that had no room for a request has room again. */
  roomAgain(shard: number): void;
}

/** What the server itself is told. */
export interface EngineAlarms {
  failed(error: Error): void;
  suspended(shard: number, suspended: boolean): void;
  /** These sessions have lost the locks that they were granted. */
  locksLost(sessions: ReadonlySet<number>): void;
}

/** Brings what the engine says to those who asked for it. */
export class EngineListener implements ZooKeeperEvents {
  readonly #connections: Connections;
  readonly #sessions: SessionDirectory;
  readonly #alarms: EngineAlarms;
  /** Those who are told in bare messages, by their form. */
  readonly #messages = new Map<ReplyForm, MessageReplies>();

  constructor(connections: Connections, sessions: SessionDirectory, alarms: EngineAlarms) {
    this.#connections = connections;
    this.#sessions = sessions;
    this.#alarms = alarms;
  }

  /** From now on replies of this form go to `messages`. */
  attach(form: Exclude<ReplyForm, typeof ReplyForm.GrpcFrames>, messages: MessageReplies): void {
    this.#messages.set(form, messages);
  }

  reply(
    shard: number,
    route: number,
    call: number,
    session: number,
    form: ReplyForm,
    status: number,
    granted: boolean,
    bytes: Buffer,
    offset: number,
    headersBytes: number,
    dataBytes: number,
    trailersBytes: number,
  ): void {
    if (form === ReplyForm.GrpcFrames) {
      this.#connections.reply(
        shard,
        route,
        call,
        session,
        status,
        granted,
        bytes,
        offset,
        headersBytes,
        dataBytes,
        trailersBytes,
      );
      return;
    }
    const end = offset + headersBytes + dataBytes + trailersBytes;
    this.#messages.get(form)?.reply(shard, route, call, session, status, granted, bytes, offset, end);
  }

  drained(): void {
    this.#connections.flush();
  }

  room(shard: number): void {
    this.#connections.roomAgain(shard);
    for (const messages of this.#messages.values()) messages.roomAgain(shard);
  }

  notice(shard: number, message: string, attributes: DebugAttributes, session: number): void {
    this.#sessions.warn(session, message, { shard, ...attributes });
  }

  debug(session: number, message: string, attributes: DebugAttributes): void {
    this.#sessions.debug(session, message, attributes);
  }

  suspended(shard: number, suspended: boolean): void {
    this.#alarms.suspended(shard, suspended);
  }

  locksLost(sessions: ReadonlySet<number>): void {
    this.#alarms.locksLost(sessions);
  }

  failed(error: Error): void {
    this.#alarms.failed(error);
  }
}
