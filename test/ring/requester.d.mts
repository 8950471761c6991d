import type { RingReader } from '../../src/ring/ring-reader.ts';
import type { RingWriter } from '../../src/ring/ring-writer.ts';

export class Requester {
  constructor(requests: RingWriter, replies: RingReader, records: number, seed: number);
  readonly fault: string | null;
  readonly done: boolean;
  turn(): boolean;
}
