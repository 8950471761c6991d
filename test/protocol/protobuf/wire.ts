/** Protobuf's wire format written as plainly as it can be, to say what the coding under test is measured against. */

export function varint(value: bigint | number): Buffer {
  let rest = BigInt.asUintN(64, BigInt(value));
  const bytes: number[] = [];
  while (rest >= 0x80n) {
    bytes.push(Number(rest & 0x7fn) | 0x80);
    rest >>= 7n;
  }
  return Buffer.from([...bytes, Number(rest)]);
}

export function tag(number: number, wireType: number): Buffer {
  return varint(number * 8 + wireType);
}

export function varintField(number: number, value: bigint | number): Buffer {
  return Buffer.concat([tag(number, 0), varint(value)]);
}

export function bytesField(number: number, value: Uint8Array | string): Buffer {
  const bytes = Buffer.from(value);
  return Buffer.concat([tag(number, 2), varint(bytes.length), bytes]);
}

export function fixed64Field(number: number): Buffer {
  return Buffer.concat([tag(number, 1), Buffer.alloc(8, 0x5a)]);
}

export function fixed32Field(number: number): Buffer {
  return Buffer.concat([tag(number, 5), Buffer.alloc(4, 0x5a)]);
}

export function groupField(number: number, ...fields: Buffer[]): Buffer {
  return Buffer.concat([tag(number, 3), ...fields, tag(number, 4)]);
}

/** Groups of one number within each other. */
export function nestedGroups(depth: number): Buffer {
  return Buffer.concat([...Array(depth).fill(tag(9, 3)), ...Array(depth).fill(tag(9, 4))]);
}

/** The bytes in shared memory, somewhere after its beginning and before its end, as a shard gets them. */
export function inSharedMemory(message: Buffer, start = 7): { bytes: Buffer; start: number; end: number } {
  const bytes = Buffer.from(new SharedArrayBuffer(start + message.length + 16)).fill(0x0a);
  return { bytes, start, end: start + message.copy(bytes, start) };
}
