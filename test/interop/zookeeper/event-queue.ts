/** What a foreign client said unasked: `ready` with its session, `state` with the connection's, `revoked` with a path. */
export interface ForeignEvent {
  readonly name: string;
  readonly value: string;
}

/** Keeps events until somebody asks for them, in their order. */
export class EventQueue {
  readonly #events: ForeignEvent[] = [];
  #failure: Error | undefined;
  #wake: () => void = () => {};

  push(event: ForeignEvent): void {
    this.#events.push(event);
    this.#wake();
  }

  /** Lets whoever waits, now or later, fail once no events are left. */
  fail(failure: Error): void {
    this.#failure = failure;
    this.#wake();
  }

  /** Takes the next event; one caller at a time. */
  async next(limitMs = 15_000): Promise<ForeignEvent> {
    const end = Date.now() + limitMs;
    for (;;) {
      const event = this.#events.shift();
      if (event !== undefined) return event;
      if (this.#failure !== undefined) throw this.#failure;
      if (Date.now() >= end) throw new Error(`no event within ${limitMs} ms`);
      await this.#pushed(end - Date.now());
    }
  }

  /** Takes events until one has that name, and that value if one is given, and returns its value. */
  async until(name: string, value?: string, limitMs = 15_000): Promise<string> {
    const end = Date.now() + limitMs;
    for (;;) {
      const event = await this.next(end - Date.now());
      if (event.name === name && (value === undefined || event.value === value)) return event.value;
    }
  }

  #pushed(limitMs: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, limitMs);
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}
