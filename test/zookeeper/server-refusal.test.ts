import { describe, expect, it } from 'vitest';
import * as refusals from '../../src/zookeeper/server-refusal.ts';
import { SessionExpiredError, ZooKeeperError } from '../../src/zookeeper/zookeeper-error.ts';

describe('a refusal', () => {
  it('has a class of its own for each number, with a code that no other has', () => {
    const classes = Object.entries(refusals).flatMap(([name, value]) =>
      name.endsWith('Error') && value.length <= 1 && name !== 'ServerRefusalError' ? [{ name, value }] : [],
    );
    const codes = classes.map(({ name, value }) => {
      const { zooKeeperCode, code } = new (value as new () => refusals.ServerRefusalError)();
      const error = refusals.refusalOf(zooKeeperCode, '/a');
      expect([error.name, error instanceof value, error.code]).toEqual([name, true, code]);
      expect(error.message).toMatch(/: \/a$/);
      return code;
    });
    expect(codes.length).toBe(28);
    expect(new Set(codes).size).toBe(codes.length);
  });

  it.each([
    [-101, 'ZOOKEEPER_NO_NODE', 'there is no such node: /a'],
    [-103, 'ZOOKEEPER_BAD_VERSION', 'the node has another version: /a'],
    [-999, 'ZOOKEEPER_UNKNOWN', 'the server refused with the number -999: /a'],
  ])('says why: %i', (number, code, message) => {
    expect(refusals.refusalOf(number, '/a')).toMatchObject({
      code,
      message,
      path: '/a',
      zooKeeperCode: number,
    });
  });

  it('may be that the session has expired, which the client can know by itself', () => {
    const error = refusals.refusalOf(-112, '');
    expect(error).toBeInstanceOf(SessionExpiredError);
    expect(error).toBeInstanceOf(ZooKeeperError);
  });
});
