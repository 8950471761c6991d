import { describe, expect, it } from 'vitest';
import {
  findStaticField,
  findStaticName,
  staticNames,
  staticTable,
  staticTableLength,
  staticValues,
} from '../../../src/protocol/hpack/static-table.ts';

describe('the static table', () => {
  it('has the 61 entries of RFC 7541 Appendix A', () => {
    expect(staticTable).toHaveLength(61);
    expect(staticTableLength).toBe(61);
    expect([staticNames[1], staticValues[1]]).toEqual([':authority', '']);
    expect([staticNames[16], staticValues[16]]).toEqual(['accept-encoding', 'gzip, deflate']);
    expect([staticNames[31], staticValues[31]]).toEqual(['content-type', '']);
    expect([staticNames[61], staticValues[61]]).toEqual(['www-authenticate', '']);
  });

  it('finds every entry by its name and value, and each name at its lowest index', () => {
    for (const [i, [name, value]] of staticTable.entries()) {
      const nameIndex = findStaticName(name);
      expect(nameIndex).toBe(staticTable.findIndex((entry) => entry[0] === name) + 1);
      expect(findStaticField(nameIndex, value)).toBe(i + 1);
    }
  });

  it('answers 0 for what it does not have', () => {
    expect(findStaticName('grpc-status')).toBe(0);
    expect(findStaticName('')).toBe(0);
    expect(findStaticField(0, '')).toBe(0);
    expect(findStaticField(findStaticName(':status'), '201')).toBe(0);
    expect(findStaticField(findStaticName('www-authenticate'), 'Basic')).toBe(0);
  });
});
