import { setTimeout as sleep } from 'node:timers/promises';
import { CallSlot } from '../../bench/load/call-slot.ts';
import { LoadConnection, type Workload } from '../../bench/load/load-connection.ts';
import { openSockets, type Target } from '../../bench/load/open-sockets.ts';
import { RequestHeads } from '../../bench/load/request-heads.ts';
import type { ContendedName } from './contended-names.ts';

const SLOTS = 16;
/** One in so many calls is given up a little later; one in so many grants is kept for a while. */
const CANCEL_ONE_IN = 50;
const KEEP_ONE_IN = 20;
const CANCEL_MS = 2;
const KEEP_MS_MAX = 4;
const WAIT_TIMEOUT_CODE = 3;

/** One connection and what its slots are about. */
class Client {
  readonly connection: LoadConnection;
  /** What each slot waits for or holds. */
  readonly wanted = new Map<CallSlot, ContendedName>();
  /** Slots whose call was given up: others have taken their place. */
  readonly abandoned = new WeakSet<CallSlot>();
  readonly holding = new Set<CallSlot>();
  gone = false;

  constructor(connection: LoadConnection) {
    this.connection = connection;
  }
}

/**
 * Clients that fight for a few names, and count. They hold, unlock, wait, give up and drop dead with locks in hand; by
 * what they see, no name ever has more holders than its size, and its tokens grow.
 *
 * A holder counts from the arrival of its grant to the sending of its Unlock, which lies within the time that the
 * server has it as holder: so the count may only be too low, and one above `size` is a mistake of the server.
 */
export class HolderCheck implements Workload {
  readonly violations: string[] = [];
  calls = 0;
  cancels = 0;
  drops = 0;
  waitTimeouts = 0;
  readonly #target: Target;
  readonly #names: readonly ContendedName[];
  readonly #clients = new Map<LoadConnection, Client>();
  #nextId = 0;
  #stopping = false;
  #failure: Error | null = null;

  constructor(target: Target, names: readonly ContendedName[]) {
    this.#target = target;
    this.#names = names;
  }

  /** Runs with so many connections; one of them drops dead and is replaced every `dropEveryMs`. */
  async run(connections: number, seconds: number, dropEveryMs: number): Promise<void> {
    await this.#open(connections);
    const untilMs = performance.now() + seconds * 1000;
    while (performance.now() < untilMs && this.#failure === null) {
      await sleep(dropEveryMs);
      this.#dropOldest();
      await this.#open(1);
    }
    this.#stopping = true;
    if (this.#failure !== null) throw this.#failure;
  }

  /** Waits until nothing is in flight and nothing held. Returns how many calls have not ended by then. */
  async settle(msMax: number): Promise<number> {
    const untilMs = performance.now() + msMax;
    while (this.#unfinished() > 0 && performance.now() < untilMs) await sleep(20);
    const left = this.#unfinished();
    for (const { connection } of this.#clients.values()) connection.destroy();
    return left;
  }

  answered(connection: LoadConnection, slot: CallSlot, status: number): void {
    const client = this.#clients.get(connection)!;
    this.calls++;
    // The grant was on its way when the call was given up: the server takes it back, and this client has nothing.
    if (client.abandoned.has(slot)) return;
    if (status !== 0) this.violations.push(`a call ended with status ${status}`);
    if (slot.method === 'Unlock') {
      if (!slot.done) this.violations.push(`${slot.name.text}: Unlock refused with code ${slot.errorCode}`);
      this.#next(client, slot);
    } else if (slot.done) {
      this.#granted(client, slot);
    } else {
      if (slot.errorCode !== WAIT_TIMEOUT_CODE) {
        this.violations.push(`${slot.name.text}: Lock refused with code ${slot.errorCode}`);
      }
      this.waitTimeouts++;
      this.#next(client, slot);
    }
  }

  #granted(client: Client, slot: CallSlot): void {
    const wanted = client.wanted.get(slot)!;
    wanted.holders++;
    wanted.grants++;
    wanted.holdersMax = Math.max(wanted.holdersMax, wanted.holders);
    if (wanted.holders > wanted.size) {
      this.violations.push(`${wanted.name.text}: ${wanted.holders} holders of ${wanted.size}`);
    }
    // With one holder at a time, grants arrive in the order in which they were made.
    if (wanted.size === 1 && slot.token <= wanted.token) {
      this.violations.push(`${wanted.name.text}: token ${slot.token} after ${wanted.token}`);
    }
    if (slot.token > wanted.token) wanted.token = slot.token;
    client.holding.add(slot);
    if (oneIn(KEEP_ONE_IN)) setTimeout(() => this.#unlockLater(client, slot), Math.random() * KEEP_MS_MAX);
    else this.#unlock(client, slot);
  }

  #unlock(client: Client, slot: CallSlot): void {
    client.holding.delete(slot);
    client.wanted.get(slot)!.holders--;
    slot.method = 'Unlock';
    client.connection.send(slot);
  }

  #unlockLater(client: Client, slot: CallSlot): void {
    if (client.gone) return;
    this.#unlock(client, slot);
    client.connection.flush();
  }

  #next(client: Client, slot: CallSlot): void {
    if (this.#stopping || client.abandoned.has(slot)) return;
    const wanted = this.#names[Math.floor(Math.random() * this.#names.length)]!;
    client.wanted.set(slot, wanted);
    slot.name = wanted.name;
    slot.method = 'Lock';
    client.connection.send(slot);
    if (!oneIn(CANCEL_ONE_IN)) return;
    const { stream } = slot;
    setTimeout(() => this.#cancel(client, slot, stream), CANCEL_MS);
  }

  /** Gives up a call that still waits. A grant that is on its way arrives all the same and is the server's to take back. */
  #cancel(client: Client, slot: CallSlot, stream: number): void {
    if (client.gone || slot.stream !== stream) return;
    this.cancels++;
    client.connection.cancel(slot);
    client.abandoned.add(slot);
    this.#next(client, new CallSlot(slot.index, slot.name));
    client.connection.flush();
  }

  #dropOldest(): void {
    const [oldest] = this.#clients.values();
    if (oldest === undefined) return;
    this.drops++;
    oldest.gone = true;
    for (const slot of oldest.holding) oldest.wanted.get(slot)!.holders--;
    this.#clients.delete(oldest.connection);
    oldest.connection.destroy();
  }

  async #open(count: number): Promise<void> {
    await openSockets(this.#target, count, (socket) => {
      const heads = new RequestHeads(`${this.#target.host}:${this.#target.port}`, '');
      const connection = new LoadConnection(this.#nextId++, socket, heads, this, SLOTS, true);
      const client = new Client(connection);
      socket.on('error', (error) => {
        if (!client.gone) this.#failure ??= error;
      });
      this.#clients.set(connection, client);
      connection.nowMs = performance.now();
      for (let i = 0; i < SLOTS; i++) this.#next(client, new CallSlot(i, this.#names[0]!.name));
      connection.flush();
      return (bytes, length) => {
        // What still arrives for a client that is dead reaches nobody.
        if (!client.gone) connection.receive(bytes, length, performance.now());
      };
    });
  }

  #unfinished(): number {
    let calls = 0;
    for (const { connection, holding } of this.#clients.values()) calls += connection.inFlight + holding.size;
    return calls;
  }
}

function oneIn(count: number): boolean {
  return Math.random() * count < 1;
}
