import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeBaseData, encodeBaseData } from '../../../src/engine/zookeeper/base-data.ts';
import { byteStringOf, LockPaths } from '../../../src/engine/zookeeper/lock-place.ts';
import { nameOf } from '../../../src/zookeeper/node-path.ts';

const paths = new LockPaths();
const sizes = fc.integer({ min: 1, max: 2 ** 31 - 1 });
const names = fc.string({ unit: 'binary', minLength: 1, maxLength: 400 }).map(byteStringOf);

describe("the data of a lock's node", () => {
  it('says the size, and the name that the node does not bear', () => {
    fc.assert(
      fc.property(names, sizes, (name, size) => {
        const { base } = paths.placeOf(name);
        const read = decodeBaseData(encodeBaseData(nameOf(base), size, name));
        expect(read?.size).toBe(size);
        expect(paths.placeAt(base)?.name || read?.name).toBe(name);
      }),
    );
  });

  it('says the largest size that a request can ask for', () => {
    expect(decodeBaseData(Buffer.from('2147483647'))).toEqual({ size: 2_147_483_647, name: null });
  });

  it("is digits as kazoo's semaphore has them, where the node bears the name", () => {
    expect(encodeBaseData('a', 12, 'a').toString()).toBe('12');
    const long = 'é'.repeat(200);
    const { base } = paths.placeOf(byteStringOf(long));
    expect(encodeBaseData(nameOf(base), 1, byteStringOf(long)).toString()).toBe(`1\n${long}`);
  });

  it('says nothing where nobody has said anything', () => {
    expect(decodeBaseData(Buffer.alloc(0))).toEqual({ size: null, name: null });
  });

  it.each([
    '0',
    '01',
    '-1',
    '1.5',
    '2147483648',
    '99999999999',
    'x',
    '1 ',
    '1\n',
    '10.0.0.7',
    '{"ldlm":1}',
    ' 1',
  ])('is not %j', (text) => {
    expect(decodeBaseData(Buffer.from(text))).toBeNull();
  });

  it('never breaks on any bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 1 }), (bytes) => {
        const read = decodeBaseData(Buffer.from(bytes));
        const isOurs = /^[1-9]\d{0,9}(\n[\s\S]+)?$/.test(Buffer.from(bytes).toString());
        expect(read !== null).toBe(isOurs);
      }),
    );
  });
});
