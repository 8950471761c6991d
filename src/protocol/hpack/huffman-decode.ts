import { huffmanCodes, huffmanEos, huffmanLengths } from './huffman-code.ts';

/*
 * The decoder is a finite automaton that eats four bits at a time. Its states are the 256 inner nodes of the code's
 * tree. No code is shorter than five bits, so a step emits at most one byte. An entry holds the next state in its
 * low 8 bits, the byte to emit in the next 8, and two flags.
 */
const emits = 1 << 16;
const fails = 1 << 17;
const { transitions, accepting } = buildAutomaton();

/** An upper bound of the decoded length: the shortest code has five bits. */
export function huffmanDecodedBytesMax(encodedBytes: number): number {
  return Math.floor((encodedBytes * 8) / 5);
}

/**
 * Decodes bytes[start, end) into `out`, which must have room for `huffmanDecodedBytesMax`. Returns the number of
 * bytes written, or -1 if the string contains EOS or its padding is longer than 7 bits or not a prefix of EOS.
 */
export function huffmanDecode(bytes: Uint8Array, start: number, end: number, out: Uint8Array): number {
  let state = 0;
  let seen = 0;
  let length = 0;
  for (let i = start; i < end; i++) {
    const byte = bytes[i]!;
    const high = transitions[(state << 4) | (byte >>> 4)]!;
    if ((high & emits) !== 0) out[length++] = high >>> 8;
    const low = transitions[((high & 0xff) << 4) | (byte & 0xf)]!;
    if ((low & emits) !== 0) out[length++] = low >>> 8;
    state = low & 0xff;
    seen |= high | low;
  }
  return (seen & fails) === 0 && accepting[state] === 1 ? length : -1;
}

interface Automaton {
  readonly transitions: Uint32Array;
  /** 1 for the states in which a string may end: at most 7 bits into EOS. */
  readonly accepting: Uint8Array;
}

function buildAutomaton(): Automaton {
  const children = buildTree();
  const stateCount = children.length / 2;
  const transitions = new Uint32Array(stateCount * 16);
  for (let state = 0; state < stateCount; state++) {
    for (let nibble = 0; nibble < 16; nibble++) {
      transitions[(state << 4) | nibble] = transition(children, state, nibble);
    }
  }
  const accepting = new Uint8Array(stateCount);
  for (let state = 0, bits = 0; bits <= 7; bits++) {
    accepting[state] = 1;
    state = children[state * 2 + 1]!;
  }
  return { transitions, accepting };
}

/** The code's tree: children[2 * node + bit] is an inner node, or the complement of a symbol. */
function buildTree(): number[] {
  const children: number[] = [0, 0];
  for (let symbol = 0; symbol <= huffmanEos; symbol++) {
    let node = 0;
    for (let shift = huffmanLengths[symbol]! - 1; shift > 0; shift--) {
      const edge = node * 2 + ((huffmanCodes[symbol]! >>> shift) & 1);
      // 0 is the root, which is nobody's child, so it stands for "not made yet".
      if (children[edge] === 0) children[edge] = children.push(0, 0) / 2 - 1;
      node = children[edge]!;
    }
    children[node * 2 + (huffmanCodes[symbol]! & 1)] = ~symbol;
  }
  return children;
}

function transition(children: readonly number[], state: number, nibble: number): number {
  let node = state;
  let emitted = 0;
  for (let shift = 3; shift >= 0; shift--) {
    const child = children[node * 2 + ((nibble >>> shift) & 1)]!;
    node = Math.max(child, 0);
    if (child >= 0) continue;
    if (~child === huffmanEos) return fails;
    emitted = emits | (~child << 8);
  }
  return emitted | node;
}
