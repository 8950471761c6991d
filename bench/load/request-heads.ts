import { Buffer } from 'node:buffer';

export type CallMethod = 'Lock' | 'TryLock' | 'Unlock';

type Field = readonly [name: string, value: string];

/** Entries of HPACK's static table that a gRPC request uses (RFC 7541 appendix A): whole fields, and names alone. */
const STATIC_FIELDS: ReadonlyMap<string, number> = new Map([
  [':method POST', 3],
  [':scheme http', 6],
  [':scheme https', 7],
]);
const STATIC_NAMES: ReadonlyMap<string, number> = new Map([
  [':authority', 1],
  [':path', 4],
  ['authorization', 23],
  ['content-type', 31],
  ['user-agent', 58],
]);
const STATIC_LENGTH = 61;
const INDEXED = 0x80;
const LITERAL_INDEXED = 0x40;

/**
 * The header blocks of one connection's requests, as a real client's encoder makes them: fields go into the dynamic
 * table with the first request of each method, and from then on every block is the same few index bytes.
 */
export class RequestHeads {
  /** What was inserted, the youngest first. All of it stays far below the table's 4096 bytes. */
  readonly #table: string[] = [];
  readonly #settled = new Map<CallMethod, Uint8Array>();
  readonly #common: readonly Field[];

  constructor(authority: string, password: string) {
    const common: Field[] = [
      [':authority', authority],
      ['content-type', 'application/grpc'],
      ['user-agent', 'ldlm-load'],
      ['te', 'trailers'],
    ];
    if (password !== '') common.push(['authorization', password]);
    this.#common = common;
  }

  /** The block of the next request. Blocks must be sent in the order in which they were asked for. */
  next(method: CallMethod): Uint8Array {
    return this.#settled.get(method) ?? this.#encode(method);
  }

  #encode(method: CallMethod): Uint8Array {
    const inserted = this.#table.length;
    const out: number[] = [];
    for (const [name, value] of [
      [':method', 'POST'],
      [':scheme', 'http'],
      [':path', `/ldlm.LDLM/${method}`],
      ...this.#common,
    ] as const) {
      this.#field(out, name, value);
    }
    const block = Uint8Array.from(out);
    if (this.#table.length === inserted) this.#settled.set(method, block);
    // What was inserted has moved the indexes of everything before it.
    else this.#settled.clear();
    return block;
  }

  #field(out: number[], name: string, value: string): void {
    const text = `${name} ${value}`;
    const inTable = this.#table.indexOf(text);
    const index = STATIC_FIELDS.get(text) ?? (inTable < 0 ? 0 : STATIC_LENGTH + 1 + inTable);
    if (index > 0) {
      out.push(INDEXED | index);
      return;
    }
    const nameIndex = STATIC_NAMES.get(name) ?? 0;
    out.push(LITERAL_INDEXED | nameIndex);
    if (nameIndex === 0) pushString(out, name);
    pushString(out, value);
    this.#table.unshift(text);
  }
}

/** A string without Huffman coding. Lengths beyond 126 would need a longer integer, which nothing here has. */
function pushString(out: number[], text: string): void {
  const bytes = Buffer.from(text, 'latin1');
  out.push(bytes.length, ...bytes);
}
