import type { HeldRecord } from '../../../../src/engine/zookeeper/held-record.ts';
import type { RestorePlan } from '../../../../src/engine/zookeeper/hold-restorer.ts';
import type { ModelNodes } from '../../../zookeeper/model/model-nodes.ts';
import type { ServerLine } from './server-line.ts';

/** Keeps the session of a server in the file of its line, as `Cluster` does. */
export class SessionKeeper {
  /** What to go on with; null: nothing. */
  readonly restore: RestorePlan | null;
  readonly #nodes: ModelNodes;
  readonly #line: ServerLine;
  readonly #endState: () => void;
  #unrestored: readonly HeldRecord[];

  constructor(nodes: ModelNodes, line: ServerLine, defaultLockTimeoutMs: number) {
    this.#nodes = nodes;
    this.#line = line;
    const saved = line.saved?.sessionId === nodes.sessionId ? line.saved : null;
    this.#unrestored = saved?.held ?? [];
    const ownNodes = (): Promise<string[]> => nodes.getEphemerals();
    const done = (): void => {
      this.#unrestored = [];
      this.#save();
    };
    this.restore = saved === null ? null : { held: saved.held, defaultLockTimeoutMs, ownNodes, done };
    this.#save();
    this.#endState = nodes.onState((state) => {
      if (state === 'lost') this.#unrestored = [];
      if (state === 'connected') this.#save();
    });
  }

  /** Leaves the session with these locks to the next server. */
  async end(held: readonly HeldRecord[]): Promise<void> {
    this.#endState();
    const sessionId = await this.#nodes.session.detach();
    if (sessionId !== 0n) this.#line.saved = { sessionId, held: [...held, ...this.#unrestored] };
  }

  #save(): void {
    this.#line.saved = { sessionId: this.#nodes.sessionId, held: this.#unrestored };
  }
}
