import { huffmanCodes, huffmanEos, huffmanLengths } from './huffman-code.ts';

/*
 * The decoder is a finite automaton that eats a byte at a time. Its 256 states are the inner nodes of the code's tree,
 * the root being 0. No code is shorter than five bits, so a step completes at most two symbols. A transition holds
 * from its low end: 8 bits of next state, 8 of the first symbol, 8 of the second, and the flags.
 */
const hasFirst = 1 << 24;
const hasSecond = 1 << 25;
const fails = 1 << 26;

const tree = buildTree();
const stateCount = tree.length / 2;
const transitions = buildTransitions();
const accepting = findAccepting();

/** An upper bound of the decoded length: the shortest code has five bits. */
export function huffmanDecodedBytesMax(encodedBytes: number): number {
  return Math.floor((encodedBytes * 8) / 5);
}

/**
 * Decodes bytes[start, end) into `out`, which must have room for `huffmanDecodedBytesMax`. Returns the number of
 * bytes written, or -1 if the string contains EOS or its padding is longer than 7 bits or not a prefix of EOS
 * (RFC 7541 section 5.2).
 */
export function huffmanDecode(bytes: Uint8Array, start: number, end: number, out: Uint8Array): number {
  let state = 0;
  let seen = 0;
  let length = 0;
  for (let i = start; i < end; i++) {
    const next = transitions[(state << 8) | bytes[i]!]!;
    if ((next & hasFirst) !== 0) {
      out[length++] = next >>> 8;
      if ((next & hasSecond) !== 0) out[length++] = next >>> 16;
    }
    state = next & 0xff;
    seen |= next;
  }
  return (seen & fails) === 0 && accepting[state] === 1 ? length : -1;
}

/** The code's tree: tree[2 * node + bit] is an inner node, or the complement of a symbol. */
function buildTree(): number[] {
  const children = [0, 0];
  for (let symbol = 0; symbol <= huffmanEos; symbol++) {
    const code = huffmanCodes[symbol]!;
    let node = 0;
    for (let shift = huffmanLengths[symbol]! - 1; shift > 0; shift--) {
      const edge = node * 2 + ((code >>> shift) & 1);
      // The root is nobody's child, so 0 stands for "not made yet".
      if (children[edge] === 0) children[edge] = children.push(0, 0) / 2 - 1;
      node = children[edge]!;
    }
    children[node * 2 + (code & 1)] = ~symbol;
  }
  return children;
}

function buildTransitions(): Int32Array {
  const built = new Int32Array(stateCount * 256);
  for (let state = 0; state < stateCount; state++) {
    for (let byte = 0; byte < 256; byte++) built[(state << 8) | byte] = findTransition(state, byte);
  }
  return built;
}

function findTransition(state: number, byte: number): number {
  let node = state;
  let symbols = 0;
  for (let shift = 7; shift >= 0; shift--) {
    node = tree[node * 2 + ((byte >>> shift) & 1)]!;
    if (node >= 0) continue;
    const symbol = ~node;
    if (symbol === huffmanEos) return fails;
    symbols |= (symbols & hasFirst) === 0 ? hasFirst | (symbol << 8) : hasSecond | (symbol << 16);
    node = 0;
  }
  return symbols | node;
}

/** 1 for the states in which a string may end: after at most 7 bits of EOS, whose bits are all ones. */
function findAccepting(): Uint8Array {
  const states = new Uint8Array(stateCount);
  for (let node = 0, bits = 0; bits <= 7; bits++) {
    states[node] = 1;
    node = tree[node * 2 + 1]!;
  }
  return states;
}
