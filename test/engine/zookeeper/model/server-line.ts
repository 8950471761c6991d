import type { HeldRecord } from '../../../../src/engine/zookeeper/held-record.ts';
import type { ModelServer } from '../../../zookeeper/model/model-server.ts';
import type { EngineServer } from './engine-server.ts';

/** What stands in the file in which servers leave their session to each other. */
interface SavedSession {
  readonly sessionId: bigint;
  readonly held: readonly HeldRecord[];
}

/** The servers that are started one after the other at one place, each of which goes on with what the one before has left. */
export class ServerLine {
  /** The one that takes calls, or did last; null before the first. */
  current: EngineServer | null = null;
  /** What its file says; null: there is none. */
  saved: SavedSession | null = null;
  /** How many of them have died, so that nobody has gone on with what they held. */
  deaths = 0;
  readonly #ensemble: ModelServer;

  constructor(ensemble: ModelServer) {
    this.#ensemble = ensemble;
  }

  /** Whether the session may be gone on with still, or is. */
  keeps(sessionId: bigint): boolean {
    const { current } = this;
    if (current === null || current.isGone) return this.#ensemble.isOpen(sessionId);
    const { nodes } = current;
    return !nodes.clock.isStalled && nodes.isSessionAlive(sessionId);
  }
}
