import { crc32 } from 'node:zlib';
import { LdlmServerError } from '../contract/server-error.ts';
import { damagedManifest, foreignFile, laterVersion } from './state-error.ts';

/**
 * The file that a state is named by. It says which data files count, and it is text, so that a person can see what
 * it is:
 *
 *     ldlm-ts state 1
 *     generation 1
 *     shards 4
 *     hash_seed 305419896
 *     crc32 19b94416
 *
 * The checksum is that of all lines before it.
 */
export interface Manifest {
  /** Counts up with each set of data files. From 1. */
  readonly generation: number;
  /** How many data files there are, one for each shard: 1 to 64. */
  readonly shards: number;
  /** Random, and unknown to clients: 32 bits that hashes of lock names and checksums of batches begin with. */
  readonly hashSeed: number;
}

const VERSION = 1;
const PREFIX = 'ldlm-ts state ';
const MANIFEST_BYTES_MAX = 4096;
const UINT32_MAX = 2 ** 32 - 1;

interface Field {
  readonly name: string;
  readonly key: keyof Manifest;
  readonly min: number;
  readonly max: number;
}

/** In the order of their lines. */
const FIELDS: readonly Field[] = [
  { name: 'generation', key: 'generation', min: 1, max: UINT32_MAX },
  { name: 'shards', key: 'shards', min: 1, max: 64 },
  { name: 'hash_seed', key: 'hashSeed', min: 0, max: UINT32_MAX },
];

/** Thrown before a manifest is written that could not be read again. */
export class ManifestRangeError extends LdlmServerError {
  constructor(name: string, value: number, min: number, max: number) {
    super(
      'LDLM_STATE_RANGE',
      `${name} of a state must be a whole number from ${min} to ${max}, not ${value}`,
    );
  }
}

/** The path of a data file. `shard` counts from 0. */
export function dataPath(path: string, generation: number, shard: number): string {
  return `${path}.${generation}.${shard}`;
}

/** @throws ManifestRangeError */
export function encodeManifest(manifest: Manifest): Buffer {
  let text = `${PREFIX}${VERSION}\n`;
  for (const { name, key, min, max } of FIELDS) {
    const value = manifest[key];
    if (!isWithin(value, min, max)) throw new ManifestRangeError(name, value, min, max);
    text += `${name} ${value}\n`;
  }
  return Buffer.from(text + checksumLine(text), 'latin1');
}

/** Whether a file, whole or in part, is a manifest of some version, sound or not. */
export function looksLikeManifest(bytes: Uint8Array): boolean {
  return bytes.length <= MANIFEST_BYTES_MAX && textOf(bytes).startsWith(PREFIX);
}

/**
 * Reads a manifest. What was not written by {@link encodeManifest}, to the byte, is damaged.
 *
 * @param path named in errors
 * @throws StateFileError LDLM_STATE_FOREIGN when it does not {@link looksLikeManifest look like one},
 * LDLM_STATE_VERSION when its version is a later one, LDLM_STATE_DAMAGED
 */
export function decodeManifest(bytes: Uint8Array, path: string): Manifest {
  if (!looksLikeManifest(bytes)) throw foreignFile(path, 0, 'it is no manifest');
  const text = textOf(bytes);
  const first = `${PREFIX}${VERSION}\n`;
  if (!text.startsWith(first)) throw wrongVersion(text, path);
  let at = first.length;
  const values = FIELDS.map((field) => {
    const digits = lineAt(text, at, field.name);
    const value = Number(digits);
    if (digits === undefined || !isWithin(value, field.min, field.max)) throw damagedManifest(path, at);
    at += field.name.length + digits.length + 2;
    return value;
  });
  if (text.slice(at) !== checksumLine(text.slice(0, at))) throw damagedManifest(path, at);
  return { generation: values[0]!, shards: values[1]!, hashSeed: values[2]! };
}

/** Nothing is known of a later version but where it stands, so its checksum is not looked for. */
function wrongVersion(text: string, path: string): Error {
  const version = /^([1-9]\d{0,8})\n/.exec(text.slice(PREFIX.length))?.[1];
  return version === undefined ? damagedManifest(path, PREFIX.length) : laterVersion(path, version, VERSION);
}

/** The digits of the line `name digits` at an offset, in the one form that we write; undefined for another line. */
function lineAt(text: string, at: number, name: string): string | undefined {
  const end = text.indexOf('\n', at);
  const [word, digits, ...more] = text.slice(at, end).split(' ');
  const isLine = end >= 0 && word === name && more.length === 0;
  return isLine && digits !== undefined && /^(0|[1-9]\d*)$/.test(digits) ? digits : undefined;
}

function checksumLine(text: string): string {
  return `crc32 ${crc32(text).toString(16).padStart(8, '0')}\n`;
}

function isWithin(value: number, min: number, max: number): boolean {
  return Number.isInteger(value) && value >= min && value <= max;
}

/** One character for each byte, so that offsets are those of the file. */
function textOf(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1');
}
