import { setTimeout as sleep } from 'node:timers/promises';
import { CallSlot } from '../../bench/load/call-slot.ts';
import { LoadConnection, type Workload } from '../../bench/load/load-connection.ts';
import { openSockets, type Target } from '../../bench/load/open-sockets.ts';
import { RequestHeads } from '../../bench/load/request-heads.ts';
import type { ContendedName } from './contended-names.ts';

const RETRY_MS = 50;

/** Takes every slot of every name with TryLock, to see that nobody holds any of them. */
export class FreeCheck implements Workload {
  readonly #slots: CallSlot[] = [];
  #connection: LoadConnection | null = null;
  #answered = 0;
  #resolve: () => void = () => {};

  constructor(names: readonly ContendedName[]) {
    for (const { name, size } of names) {
      for (let i = 0; i < size; i++) this.#slots.push(new CallSlot(this.#slots.length, name));
    }
  }

  /**
   * Returns the names that are still held by someone. The ends of calls and connections reach the server a little
   * later than we see them, so it tries again for `msMax`.
   */
  async findHeld(target: Target, msMax: number): Promise<string[]> {
    await openSockets(target, 1, (socket, id) => {
      const heads = new RequestHeads(`${target.host}:${target.port}`, '');
      const connection = new LoadConnection(id, socket, heads, this, this.#slots.length);
      this.#connection = connection;
      return (bytes, length) => connection.receive(bytes, length, performance.now());
    });
    const untilMs = performance.now() + msMax;
    let missing = this.#slots;
    while (missing.length > 0 && performance.now() < untilMs) {
      await this.#tryAll(missing);
      missing = missing.filter((slot) => !slot.done);
      if (missing.length > 0) await sleep(RETRY_MS);
    }
    this.#connection?.destroy();
    return missing.map((slot) => slot.name.text);
  }

  answered(_connection: LoadConnection, slot: CallSlot, status: number): void {
    if (status !== 0) slot.done = false;
    this.#answered--;
    if (this.#answered === 0) this.#resolve();
  }

  #tryAll(slots: readonly CallSlot[]): Promise<void> {
    return new Promise((resolve) => {
      this.#resolve = resolve;
      this.#answered = slots.length;
      for (const slot of slots) {
        slot.method = 'TryLock';
        this.#connection?.send(slot);
      }
      this.#connection?.flush();
    });
  }
}
