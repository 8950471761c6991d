import type { Clock } from '../../base/clock.ts';
import type { Replies } from '../../shard/replies.ts';
import type { Nodes } from '../../zookeeper/nodes.ts';
import type { ClaimBook } from './claim-book.ts';
import type { ClaimCounts } from './claim-counts.ts';
import type { LockBases } from './lock-base.ts';
import type { LockPaths, LockPlace } from './lock-place.ts';
import type { NodeData } from './node-data.ts';
import type { ServerRegister } from './server-register.ts';

/** What all work with that do something with locks. */
export interface LockDeskParts {
  readonly nodes: Nodes;
  readonly clock: Clock;
  readonly paths: LockPaths;
  readonly bases: LockBases;
  readonly book: ClaimBook;
  readonly counts: ClaimCounts;
  readonly replies: Replies;
  /** Keep what a session holds when it ends. */
  readonly keepOnSessionEnd: boolean;
  /** Keep what a session holds that ends while the server stops: the next one goes on with it. */
  readonly keepOnStop: boolean;
  /** Says that this server is there; null: what it grants ends with its session. Otherwise locks outlive their server. */
  readonly register: ServerRegister | null;
  /** What this server is called in nodes that it makes in a session. */
  readonly serverName: (sessionId: bigint) => string;
  /** Who the sessions are, for the nodes' data. */
  readonly describeSession: (session: number) => NodeData['client'];
  /** ZooKeeper has refused something that was not to be expected. */
  readonly failed: (error: unknown, place: LockPlace) => void;
}
