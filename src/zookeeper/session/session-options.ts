import type { ConnectionOptions } from 'node:tls';
import type { ConnectTarget } from '../connect-string.ts';
import type { SessionClock, SessionState } from '../nodes.ts';
import type { SessionTicket } from '../wire/handshake.ts';
import type { KeepRunning } from './keep-running.ts';
import type { Credentials } from './session-link.ts';

export interface SessionOptions {
  readonly target: ConnectTarget;
  readonly tls: ConnectionOptions | null;
  readonly timeoutMs: number;
  readonly requestTimeoutMs: number;
  readonly requestsMax: number;
  readonly auth: readonly Credentials[];
  /** A session that may go on still, or the wish for a new one. */
  readonly resume: SessionTicket;
  readonly clock: SessionClock;
  readonly keepRunning: KeepRunning;
  /** Where the numbers of requests begin. */
  readonly firstXid: number;
  readonly stateChanged: (state: SessionState) => void;
  readonly notified: (type: 'created' | 'deleted' | 'dataChanged' | 'childrenChanged', path: string) => void;
}
