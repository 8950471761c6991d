import type { OutputStream } from '../../../src/cli/lock/lock-output.ts';

/** A stream that keeps what is written, as a terminal or not. */
export class RecordedOutput implements OutputStream {
  readonly isTTY: boolean;
  readonly columns: number;
  readonly writes: string[] = [];
  /** What a write is answered with. */
  error: Error | null = null;

  constructor(isTTY = false, columns = 80) {
    this.isTTY = isTTY;
    this.columns = columns;
  }

  get text(): string {
    return this.writes.join('');
  }

  write(text: string, done?: (error?: Error | null) => void): boolean {
    this.writes.push(text);
    if (done !== undefined) setImmediate(done, this.error);
    return true;
  }
}
