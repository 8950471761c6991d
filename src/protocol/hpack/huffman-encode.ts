import { huffmanCodes, huffmanLengths } from './huffman-code.ts';

/** The number of bytes that `huffmanEncode` writes for a byte string. */
export function huffmanEncodedBytes(value: string): number {
  let bits = 0;
  for (let i = 0; i < value.length; i++) bits += huffmanLengths[value.charCodeAt(i) & 0xff]!;
  return Math.ceil(bits / 8);
}

/** Writes a byte string in the code of RFC 7541 Appendix B, padded with ones. Returns the position after it. */
export function huffmanEncode(out: Uint8Array, position: number, value: string): number {
  let pending = 0;
  let room = 8;
  for (let i = 0; i < value.length; i++) {
    const symbol = value.charCodeAt(i) & 0xff;
    const code = huffmanCodes[symbol]!;
    let left = huffmanLengths[symbol]!;
    while (left > 0) {
      const taken = Math.min(left, room);
      left -= taken;
      room -= taken;
      pending = (pending << taken) | ((code >>> left) & ((1 << taken) - 1));
      if (room === 0) {
        out[position++] = pending;
        pending = 0;
        room = 8;
      }
    }
  }
  if (room < 8) out[position++] = (pending << room) | ((1 << room) - 1);
  return position;
}
