/** Counts what held and what did not, and says each as it comes. */
export class Verdict {
  readonly lines: string[] = [];
  #passed = 0;
  #failed = 0;

  get failed(): number {
    return this.#failed;
  }

  /** States something that has to be true, and what was found. */
  check(holds: boolean, what: string, found: string): void {
    if (holds) this.#passed++;
    else this.#failed++;
    const line = `${holds ? 'ok' : 'FAILED'}: ${what} (${found})`;
    this.lines.push(line);
    process.stdout.write(`${line}\n`);
  }

  summary(): string {
    return `${this.#passed} passed, ${this.#failed} failed`;
  }
}
