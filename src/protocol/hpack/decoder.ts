import { BlockReader } from './block-reader.ts';
import { DynamicTable, entryOverheadBytes } from './dynamic-table.ts';
import { HpackError } from './hpack-error.ts';
import { staticNames, staticTableLength, staticValues } from './static-table.ts';

/** The size of the peer's table until it says otherwise (RFC 9113 section 6.5.2). */
const tableBytesDefault = 4096;

/** Where the fields of a header block go, in order. Names and values are byte strings. Must not throw. */
export interface HeaderSink {
  header(name: string, value: string): void;
}

/**
 * The decoder of one connection's header blocks (RFC 7541). It checks the encoding only: whether names are in lower
 * case, values free of control bytes, and pseudo-header fields in place is for its caller.
 */
export class HpackDecoder {
  /** Whether the last block's fields exceeded its `listBytesMax`, so that not all of them were handed out. */
  listTooLarge = false;
  readonly #tableBytesMax: number;
  readonly #table: DynamicTable;
  readonly #reader = new BlockReader();
  #listBytesLeft = 0;

  /**
   * `tableBytesMax` is the SETTINGS_HEADER_TABLE_SIZE that we announce. Below 4096 it holds only for a peer that knew
   * it before its first header block.
   */
  constructor(tableBytesMax: number) {
    this.#tableBytesMax = tableBytesMax;
    this.#table = new DynamicTable(Math.min(tableBytesMax, tableBytesDefault));
  }

  /**
   * Counts every change of the dynamic table, so that callers can reuse what they learned from equal blocks: equal
   * bytes mean equal fields as long as it stands still, if the block did not move it itself.
   */
  get generation(): number {
    return this.#table.generation;
  }

  /**
   * Decodes one whole header block, bytes[start, end), and hands each field to `sink`. Returns null or what was
   * wrong, after which the connection must be closed (fields before the mistake have been handed out).
   *
   * `listBytesMax` bounds the sum of name, value and 32 bytes for each field (RFC 9113 section 6.5.2). From the field
   * that exceeds it on nothing is handed out, but decoding goes on, so that the table stays in step with the peer's.
   */
  decode(
    bytes: Uint8Array,
    start: number,
    end: number,
    listBytesMax: number,
    sink: HeaderSink,
  ): HpackError | null {
    this.listTooLarge = false;
    this.#listBytesLeft = listBytesMax;
    this.#reader.open(bytes, start, end);
    const error = this.#decodeSizeUpdates() ?? this.#decodeFields(sink);
    this.#reader.close();
    return error;
  }

  /** Section 4.2 has at most two of them; more do no harm. */
  #decodeSizeUpdates(): HpackError | null {
    const reader = this.#reader;
    while (reader.position < reader.end && (reader.peek() & 0xe0) === 0x20) {
      const tableBytes = reader.readInteger(0x1f);
      if (tableBytes < 0) return reader.error;
      if (tableBytes > this.#tableBytesMax) return HpackError.SizeUpdateTooLarge;
      this.#table.resize(tableBytes);
    }
    return null;
  }

  #decodeFields(sink: HeaderSink): HpackError | null {
    const reader = this.#reader;
    while (reader.position < reader.end) {
      const first = reader.peek();
      let error: HpackError | null;
      if (first >= 0x80) error = this.#decodeIndexed(first, sink);
      else if (first >= 0x40) error = this.#decodeLiteral(0x3f, true, sink);
      else if (first >= 0x20) error = HpackError.SizeUpdateMisplaced;
      // "Never indexed" differs from "without indexing" for those who encode the field again, which we do not.
      else error = this.#decodeLiteral(0x0f, false, sink);
      if (error !== null) return error;
    }
    return null;
  }

  /** Section 6.1. */
  #decodeIndexed(first: number, sink: HeaderSink): HpackError | null {
    const reader = this.#reader;
    let index = first & 0x7f;
    // Nearly every index fits the first byte.
    if (index < 0x7f) reader.position++;
    else index = reader.readInteger(0x7f);
    if (index <= 0) return index < 0 ? reader.error : HpackError.IndexZero;
    if (index <= staticTableLength) {
      this.#handOut(staticNames[index]!, staticValues[index]!, sink);
      return null;
    }
    const age = index - staticTableLength - 1;
    if (age >= this.#table.length) return HpackError.IndexOutOfRange;
    this.#handOut(this.#table.name(age), this.#table.value(age), sink);
    return null;
  }

  /** Section 6.2. */
  #decodeLiteral(prefixMask: number, inserts: boolean, sink: HeaderSink): HpackError | null {
    const reader = this.#reader;
    const index = reader.readInteger(prefixMask);
    if (index < 0) return reader.error;
    const age = index - staticTableLength - 1;
    if (age >= this.#table.length) return HpackError.IndexOutOfRange;
    let name: string | null;
    if (index === 0) name = reader.readString();
    else name = age < 0 ? staticNames[index]! : this.#table.name(age);
    if (name === null) return reader.error;
    const value = reader.readString();
    if (value === null) return reader.error;
    if (inserts) this.#table.insert(name, value);
    this.#handOut(name, value, sink);
    return null;
  }

  #handOut(name: string, value: string, sink: HeaderSink): void {
    const bytes = name.length + value.length + entryOverheadBytes;
    if (bytes > this.#listBytesLeft) {
      this.listTooLarge = true;
      this.#listBytesLeft = 0;
      return;
    }
    this.#listBytesLeft -= bytes;
    sink.header(name, value);
  }
}
