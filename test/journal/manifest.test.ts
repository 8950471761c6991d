import { crc32 } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  dataPath,
  decodeManifest,
  encodeManifest,
  looksLikeManifest,
  type Manifest,
  ManifestRangeError,
} from '../../src/journal/manifest.ts';
import { StateFileError } from '../../src/journal/state-error.ts';

const path = '/var/lib/ldlm/state';
const example: Manifest = { generation: 12, shards: 4, hashSeed: 305_419_896 };
const uint32Max = 2 ** 32 - 1;

const manifests: fc.Arbitrary<Manifest> = fc.record(
  {
    generation: fc.integer({ min: 1, max: uint32Max }),
    shards: fc.integer({ min: 1, max: 64 }),
    hashSeed: fc.integer({ min: 0, max: uint32Max }),
  },
  { noNullPrototype: true },
);

/** The lines with a checksum that is right for them. */
function sealed(...lines: string[]): Buffer {
  const text = `${lines.join('\n')}\n`;
  return Buffer.from(`${text}crc32 ${crc32(text).toString(16).padStart(8, '0')}\n`);
}

/** Which error decoding ends with. */
function refusal(bytes: Uint8Array): StateFileError {
  try {
    decodeManifest(bytes, path);
  } catch (error) {
    if (error instanceof StateFileError) return error;
    throw error;
  }
  return expect.fail('the manifest was accepted');
}

describe('a manifest', () => {
  it('is text', () => {
    expect(encodeManifest(example).toString()).toBe(
      'ldlm-ts state 1\ngeneration 12\nshards 4\nhash_seed 305419896\ncrc32 a387a6c5\n',
    );
  });

  it('has eight digits of checksum, also when that is small', () => {
    const text = encodeManifest({ generation: 103, shards: 4, hashSeed: 5 }).toString();
    expect(text.split('\n').at(-2)).toBe('crc32 001d86d3');
  });

  it('is read as it was written', () => {
    fc.assert(
      fc.property(manifests, (manifest) => {
        const bytes = encodeManifest(manifest);
        expect(looksLikeManifest(bytes)).toBe(true);
        expect(decodeManifest(bytes, path)).toStrictEqual(manifest);
        // Bytes in the midst of others are read from where they begin.
        expect(decodeManifest(Buffer.concat([Buffer.from('...'), bytes]).subarray(3), path)).toStrictEqual(
          manifest,
        );
      }),
    );
  });

  it.each([
    { generation: 1, shards: 1, hashSeed: 0 },
    { generation: uint32Max, shards: 64, hashSeed: uint32Max },
  ])('may have the limits %o', (manifest) => {
    expect(decodeManifest(encodeManifest(manifest), path)).toStrictEqual(manifest);
  });

  it.each([
    ['generation', { ...example, generation: 0 }],
    ['generation', { ...example, generation: 2 ** 32 }],
    ['shards', { ...example, shards: 0 }],
    ['shards', { ...example, shards: 65 }],
    ['hash_seed', { ...example, hashSeed: -1 }],
    ['hash_seed', { ...example, hashSeed: 1.5 }],
  ])('is not written with a %s beyond them', (name, manifest) => {
    expect(() => encodeManifest(manifest)).toThrow(ManifestRangeError);
    expect(() => encodeManifest(manifest)).toThrow(`${name} of a state must be a whole number from`);
  });
});

describe('a manifest that was changed', () => {
  it('is refused whichever bit has flipped', () => {
    const bytes = encodeManifest(example);
    for (let bit = 0; bit < bytes.length * 8; bit++) {
      const changed = Buffer.from(bytes);
      changed[bit >> 3]! ^= 1 << (bit & 7);
      const isDigit = /[2-9]/.test(String.fromCharCode(changed[14]!));
      const expected = !looksLikeManifest(changed)
        ? 'LDLM_STATE_FOREIGN'
        : isDigit
          ? 'LDLM_STATE_VERSION'
          : 'LDLM_STATE_DAMAGED';
      expect(refusal(changed).code).toBe(expected);
    }
  });

  it('is refused when it is cut short or goes on', () => {
    const bytes = encodeManifest(example);
    for (let length = 0; length < bytes.length; length++) {
      const isForeign = length < 'ldlm-ts state '.length;
      expect(refusal(bytes.subarray(0, length)).code).toBe(
        isForeign ? 'LDLM_STATE_FOREIGN' : 'LDLM_STATE_DAMAGED',
      );
    }
    expect(refusal(Buffer.concat([bytes, Buffer.from('\n')])).code).toBe('LDLM_STATE_DAMAGED');
    expect(refusal(Buffer.concat([bytes, bytes])).code).toBe('LDLM_STATE_DAMAGED');
  });

  const first = 'ldlm-ts state 1';
  it.each([
    ['a generation of 0', sealed(first, 'generation 0', 'shards 4', 'hash_seed 5'), 16],
    ['a generation of 33 bits', sealed(first, 'generation 4294967296', 'shards 4', 'hash_seed 5'), 16],
    ['no shards', sealed(first, 'generation 1', 'shards 0', 'hash_seed 5'), 29],
    ['65 shards', sealed(first, 'generation 1', 'shards 65', 'hash_seed 5'), 29],
    ['a negative seed', sealed(first, 'generation 1', 'shards 4', 'hash_seed -5'), 38],
    ['a seed of 33 bits', sealed(first, 'generation 1', 'shards 4', 'hash_seed 4294967296'), 38],
    ['zeros in front', sealed(first, 'generation 01', 'shards 4', 'hash_seed 5'), 16],
    ['hexadecimal digits', sealed(first, 'generation 0x1', 'shards 4', 'hash_seed 5'), 16],
    ['an exponent', sealed(first, 'generation 1e1', 'shards 4', 'hash_seed 5'), 16],
    ['no number', sealed(first, 'generation', 'shards 4', 'hash_seed 5'), 16],
    ['two numbers', sealed(first, 'generation 1 1', 'shards 4', 'hash_seed 5'), 16],
    ['another order', sealed(first, 'shards 4', 'generation 1', 'hash_seed 5'), 16],
    ['a line too few', sealed(first, 'generation 1', 'shards 4'), 38],
    ['a line too many', sealed(first, 'generation 1', 'shards 4', 'hash_seed 5', 'colour 6'), 50],
    ['other ends of lines', sealed(first, 'generation 1\r', 'shards 4', 'hash_seed 5'), 16],
  ])('is damaged with %s, also when its checksum is right', (_, bytes, offset) => {
    expect(refusal(bytes)).toMatchObject({
      code: 'LDLM_STATE_DAMAGED',
      message: expect.stringContaining(`${path} is damaged at byte ${offset}:`),
    });
  });

  it('is damaged where its checksum is when only that is wrong', () => {
    const bytes = Buffer.from(encodeManifest(example).toString().replace('shards 4', 'shards 5'));
    expect(refusal(bytes).message).toContain(`at byte ${bytes.indexOf('crc32')}:`);
  });
});

describe('the version of a manifest', () => {
  it.each(['2', '10', '999999999'])('may be a later one: %s', (version) => {
    const error = refusal(Buffer.from(`ldlm-ts state ${version}\n\0\xff whatever that one writes`));
    expect(error.code).toBe('LDLM_STATE_VERSION');
    expect(error.message).toContain(`state version ${version}, and this server knows 1`);
  });

  it.each(['0', '01', '-2', 'x', '', '2 ', '1 ', '1.5', '9999999999'])('is a number: %j', (version) => {
    const bytes = sealed(`ldlm-ts state ${version}`, 'generation 1', 'shards 4', 'hash_seed 5');
    expect(refusal(bytes)).toMatchObject({
      code: 'LDLM_STATE_DAMAGED',
      message: expect.stringContaining('at byte 14:'),
    });
  });
});

describe('no manifest', () => {
  it.each([
    ['an empty file', Buffer.alloc(0)],
    ['an empty state of LDLM', Buffer.of(0, 1, 1, 1, 1)],
    ['a file of zeros', Buffer.alloc(80)],
    ['a word too few', Buffer.from('ldlm-ts state')],
    ['other text', Buffer.from('listen_address: 0.0.0.0:3144\n')],
    ['a longer file', Buffer.concat([encodeManifest(example), Buffer.alloc(4096, '\n')])],
  ])('is %s', (_, bytes) => {
    expect(looksLikeManifest(bytes)).toBe(false);
    expect(refusal(bytes).code).toBe('LDLM_STATE_FOREIGN');
  });

  it('is all that is longer than 4096 bytes', () => {
    const begun = Buffer.alloc(4097, 'ldlm-ts state 2\n');
    expect(looksLikeManifest(begun)).toBe(false);
    expect(looksLikeManifest(begun.subarray(0, 4096))).toBe(true);
  });
});

describe('a data file', () => {
  it('lies beside the manifest', () => {
    expect(dataPath(path, 3, 0)).toBe('/var/lib/ldlm/state.3.0');
    expect(dataPath(path, uint32Max, 63)).toBe('/var/lib/ldlm/state.4294967295.63');
  });
});
