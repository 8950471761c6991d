import type { HeldLock } from '../../zookeeper/locks/held-lock.ts';
import { Mutex } from '../../zookeeper/locks/mutex.ts';
import { isSessionOver, isUnanswered, pause } from '../../zookeeper/locks/node-removal.ts';
import type { Nodes } from '../../zookeeper/nodes.ts';
import { BadVersionError, NoNodeError } from '../../zookeeper/server-refusal.ts';
import type { LockPaths } from './lock-place.ts';
import { type ScannedNode, scanNodes } from './node-scan.ts';
import { OrphanLeases, type OverdueNode } from './orphan-leases.ts';
import { isServerThere, SERVERS_PATH } from './server-register.ts';

/** For this lock the servers contend of which one sees to what the others leave behind. */
const REAPER_PATH = '/reaper';

/** How often it looks by itself, should a watch have been lost, and how often while there are orphans, which may be renewed. */
const LOOK_MS = 60_000;
const ORPHANS_LOOK_MS = 5_000;
const AGAIN_MS = 1_000;

/**
 * Ends locks whose servers are gone, where locks outlive their servers: one server at a time does, which holds a lock for it.
 * What it deletes must have the version that it has seen, so a lock that is renewed at the last moment stays.
 */
export class Reaper {
  readonly #nodes: Nodes;
  readonly #paths: LockPaths;
  readonly #isNeeded: boolean;
  readonly #failed: (error: unknown) => void;
  readonly #abort = new AbortController();
  readonly #running: Promise<void>;
  #leases = new OrphanLeases();
  #wake: () => void = () => {};

  /** @param isNeeded there are nodes that stay, or will be; otherwise there may be once a server is there that makes some */
  constructor(nodes: Nodes, paths: LockPaths, isNeeded: boolean, failed: (error: unknown) => void) {
    this.#nodes = nodes;
    this.#paths = paths;
    this.#isNeeded = isNeeded;
    this.#failed = failed;
    this.#running = this.#run();
  }

  /** Resolves when it has left the office, if it had it. */
  close(): Promise<void> {
    this.#abort.abort();
    this.#wake();
    return this.#running;
  }

  async #run(): Promise<void> {
    const { signal } = this.#abort;
    if (!this.#isNeeded) await this.#untilNeeded();
    const office = new Mutex(this.#nodes, REAPER_PATH);
    while (!signal.aborted) {
      try {
        await using held = await office.acquire({ timeoutMs: null, signal });
        this.#leases = new OrphanLeases();
        await this.#serve(held);
      } catch (error) {
        if (signal.aborted || this.#nodes.state === 'closed') return;
        this.#failed(error);
        await pause(this.#nodes.clock, AGAIN_MS);
      }
    }
  }

  /** Where no server has ever made nodes that stay, one question and its watch are all that this costs. */
  async #untilNeeded(): Promise<void> {
    while (!this.#abort.signal.aborted) {
      const woken = this.#untilWoken();
      let endTimer: () => void = () => {};
      try {
        if ((await this.#nodes.exists(SERVERS_PATH, this.#serversChanged)) !== null) return;
      } catch {
        if (this.#nodes.state === 'closed') return;
        endTimer = this.#nodes.clock.after(AGAIN_MS, this.#wake);
      }
      await woken;
      endTimer();
    }
  }

  #untilWoken(): Promise<void> {
    return new Promise<void>((resolve) => {
      this.#wake = resolve;
    });
  }

  async #serve(held: HeldLock): Promise<void> {
    const { clock } = this.#nodes;
    while (held.locked && !this.#abort.signal.aborted) {
      const woken = this.#untilWoken();
      // What was not answered is asked again: there may be no watch.
      let lookMs = AGAIN_MS;
      try {
        await this.#watchServers();
        this.#leases.see(await this.#findOrphans(), clock.nowMs());
        let isAnyLeft = false;
        for (const overdue of this.#leases.takeOverdue(clock.nowMs()))
          if (!(await this.#delete(overdue, held))) isAnyLeft = true;
        // Locks without a timeout wait for their keys, and nothing here can end them.
        lookMs = isAnyLeft || this.#leases.nextMs < Number.POSITIVE_INFINITY ? ORPHANS_LOOK_MS : LOOK_MS;
      } catch (error) {
        if (!isUnanswered(error) && !isSessionOver(error)) this.#failed(error);
      }
      const leastMs = lookMs === AGAIN_MS ? AGAIN_MS : 1;
      const waitMs = Math.min(lookMs, Math.max(leastMs, this.#leases.nextMs - clock.nowMs()));
      const endTimer = clock.after(waitMs, this.#wake);
      await woken;
      endTimer();
    }
  }

  /** One watch, whatever number of times it is set. */
  readonly #serversChanged = (): void => this.#wake();

  async #watchServers(): Promise<void> {
    this.#nodes.removeWatcher(SERVERS_PATH, this.#serversChanged);
    try {
      // Its children are the servers, and it is written when one that lives leaves something behind.
      await Promise.all([
        this.#nodes.getChildren(SERVERS_PATH, this.#serversChanged),
        this.#nodes.getData(SERVERS_PATH, this.#serversChanged),
      ]);
    } catch (error) {
      if (!(error instanceof NoNodeError)) throw error;
      // A watch on a node that is there by now tells nothing of its children.
      if ((await this.#nodes.exists(SERVERS_PATH, this.#serversChanged)) !== null) await this.#watchServers();
    }
  }

  /**
   * Nodes that stay, of servers that are gone. Whether one is gone is asked when its node was read: a server says that it is there
   * before it makes any.
   */
  async #findOrphans(): Promise<ScannedNode[]> {
    const orphans: ScannedNode[] = [];
    for await (const some of scanNodes(this.#nodes, this.#paths)) {
      const staying = some.filter(({ stat }) => stat.ephemeralOwner === 0n);
      const alive = await this.#aliveOf(new Set(staying.map(({ data }) => data.server)));
      orphans.push(...staying.filter(({ data }) => !alive.has(data.server)));
    }
    return orphans;
  }

  async #aliveOf(servers: ReadonlySet<string>): Promise<ReadonlySet<string>> {
    const alive = new Set<string>();
    await Promise.all(
      [...servers].map(async (server) => {
        if (await isServerThere(this.#nodes, server)) alive.add(server);
      }),
    );
    return alive;
  }

  /**
   * Deletes what is overdue. One that cannot be deleted does not keep the others, nor does a lost connection: they would be seen
   * anew, with whole leases.
   *
   * @returns false: it may be there still
   */
  async #delete({ path, version }: OverdueNode, held: HeldLock): Promise<boolean> {
    // Another one may be in office by now, who counts anew.
    while (held.locked) {
      try {
        await this.#nodes.delete(path, version);
        return true;
      } catch (error) {
        // It was released.
        if (error instanceof NoNodeError) return true;
        // It was renewed.
        if (error instanceof BadVersionError) return false;
        if (isUnanswered(error)) continue;
        if (!isSessionOver(error)) this.#failed(error);
        return false;
      }
    }
    return false;
  }
}
