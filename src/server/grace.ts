/** One deadline for several steps. */
export class Grace {
  readonly #timer: NodeJS.Timeout;
  readonly #over: Promise<void>;

  constructor(graceMs: number) {
    let end = (): void => {};
    this.#over = new Promise((resolve) => {
      end = resolve;
    });
    this.#timer = setTimeout(end, graceMs);
  }

  async orSooner(step: Promise<unknown>): Promise<void> {
    await Promise.race([step, this.#over]);
  }

  clear(): void {
    clearTimeout(this.#timer);
  }
}
