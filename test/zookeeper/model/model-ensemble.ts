import { ModelReplica } from './model-replica.ts';
import { ModelServer } from './model-server.ts';
import type { VirtualTime } from './virtual-time.ts';

export interface EnsembleOptions {
  /** Default: 1, and then no read is behind. */
  readonly replicas?: number;
  /** What one message takes at most. Default: 4. */
  readonly latencyMs?: number;
  /** How far a replica may be behind. Default: 20. */
  readonly lagMs?: number;
  /** How often the leader looks for sessions and nodes whose time is over. Default: 100. */
  readonly tickMs?: number;
  /** Default: 300. */
  readonly reapIntervalMs?: number;
}

/** A leader and its replicas in time: what they do by themselves, and how long it takes. */
export class ModelEnsemble {
  readonly server: ModelServer;
  readonly replicas: readonly ModelReplica[];
  readonly time: VirtualTime;
  /** Uniform integers from 0 below `end`. */
  readonly random: (end: number) => number;
  /** Nothing happens by itself. */
  isDown = false;
  readonly #options: Required<EnsembleOptions>;
  readonly #following = new Set<ModelReplica>();

  constructor(time: VirtualTime, random: (end: number) => number, options: EnsembleOptions = {}) {
    this.time = time;
    this.random = random;
    this.#options = { replicas: 1, latencyMs: 4, lagMs: 20, tickMs: 100, reapIntervalMs: 300, ...options };
    this.server = new ModelServer(BigInt(random(3)) << 32n);
    this.replicas = Array.from({ length: this.#options.replicas }, () => new ModelReplica(this.server));
    this.#tick();
    this.#reap();
  }

  /** In fractions of milliseconds, so that hardly anything coincides. */
  latencyMs(): number {
    return (this.#options.latencyMs * (1 + this.random(1000))) / 1000;
  }

  anyReplica(): ModelReplica {
    return this.replicas[this.random(this.replicas.length)]!;
  }

  /** Replicas follow the leader a little later, and now and then much later. */
  follow(): void {
    for (const replica of this.replicas) {
      if (!replica.isBehind || replica.isCutOff || this.#following.has(replica)) continue;
      this.#following.add(replica);
      const lagMs = this.random(8) === 0 ? this.#options.lagMs * 10 : this.#options.lagMs;
      this.time.after((lagMs * this.random(1000)) / 1000, () => {
        this.#following.delete(replica);
        if (!replica.isCutOff) replica.catchUp();
      });
    }
  }

  /** One of the followers cannot reach the leader for so long, and then may have given its clients up. */
  cutOff(durationMs: number): void {
    const replica = this.anyReplica();
    if (replica.isCutOff) return;
    replica.isCutOff = true;
    this.time.after(durationMs, () => {
      replica.rejoin(this.random(2) === 0);
      this.follow();
    });
  }

  #tick(): void {
    if (!this.isDown) this.server.expireSessions(this.time.nowMs);
    this.#settle();
    this.time.after(this.#options.tickMs, () => this.#tick());
  }

  #reap(): void {
    if (!this.isDown) this.server.reapNodes(this.time.nowMs);
    this.#settle();
    this.time.after(this.#options.reapIntervalMs, () => this.#reap());
  }

  #settle(): void {
    if (this.replicas.length === 1) this.replicas[0]!.catchUp();
    else this.follow();
  }
}
