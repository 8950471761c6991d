/** Longer than any program waits between two things, and no longer than a timer can. */
const FOR_EVER_MS = 2 ** 31 - 1;

/** Keeps the process running as long as somebody waits for something; sockets and timers of a client do not. */
export class KeepRunning {
  #count = 0;
  #timer: NodeJS.Timeout | null = null;

  hold(): void {
    this.#count++;
    this.#timer ??= setInterval(() => {}, FOR_EVER_MS);
    if (this.#count === 1) this.#timer.ref();
  }

  release(): void {
    this.#count--;
    if (this.#count === 0) this.#timer?.unref();
  }

  close(): void {
    if (this.#timer !== null) clearInterval(this.#timer);
  }
}
