import { describe, expect, it } from 'vitest';
import {
  checkCount,
  checkCreate,
  checkCredentials,
  checkData,
  checkMs,
  checkOptions,
  checkTicket,
  checkVersion,
} from '../../src/zookeeper/client-options.ts';
import type { CreateOptions } from '../../src/zookeeper/nodes.ts';
import { ZooKeeperUseError } from '../../src/zookeeper/zookeeper-error.ts';

/** As a program without types would have it. */
const any = <Value>(value: unknown): Value => value as Value;

describe('what a client is given', () => {
  it.each<[string, () => void]>([
    ['a time', () => checkMs('x', 2 ** 31 - 1)],
    ['a fraction of a millisecond', () => checkMs('x', 0.5)],
    ['a count', () => checkCount('x', 1)],
    [
      'credentials',
      () =>
        checkCredentials([
          { scheme: 'digest', auth: 'a:b' },
          { scheme: 'x', auth: Buffer.alloc(1) },
        ]),
    ],
    ['a ticket', () => checkTicket({ sessionId: -(2n ** 63n), password: Buffer.alloc(16) })],
    ['any version', () => checkVersion('/a', -1)],
    ['the last version', () => checkVersion('/a', 2 ** 31 - 1)],
    ['no data', () => checkData('/a', Buffer.alloc(0))],
    ['a node', () => checkCreate('/a', {})],
    ['a node that lives for 34 years', () => checkCreate('/a', { mode: 'ttl', ttlMs: 2 ** 40 - 1 })],
  ])('is taken as it is: %s', (_, check) => {
    expect(check).not.toThrow();
  });

  it.each<[string, () => void]>([
    ['x must be a number of milliseconds above 0, not 0', () => checkMs('x', 0)],
    ['above 0, not NaN', () => checkMs('x', Number.NaN)],
    ['above 0, not 2147483648', () => checkMs('x', 2 ** 31)],
    ['above 0, not 5', () => checkMs('x', any('5'))],
    ['x must be a whole number from 1 on, not 0', () => checkCount('x', 0)],
    ['from 1 on, not Infinity', () => checkCount('x', Number.POSITIVE_INFINITY)],
    ['auth must be a list of { scheme, auth }', () => checkCredentials([any({ scheme: 'digest' })])],
    ['auth must be a list of', () => checkCredentials(any({ scheme: 'digest', auth: 'a:b' }))],
    ['auth must be a list of', () => checkCredentials(any('digest:a:b'))],
    ['auth must be a list of', () => checkCredentials([any(null)])],
    ['options must be an object such as { a: 1 }, not 5', () => checkOptions(5, '{ a: 1 }')],
    ['such as { a: 1 }, not null', () => checkOptions(null, '{ a: 1 }')],
    ['such as { a: 1 }, not undefined', () => checkOptions(undefined, '{ a: 1 }')],
    [
      'such as { a: 1 }, not [object AbortSignal]',
      () => checkOptions(new AbortController().signal, '{ a: 1 }'),
    ],
    ['such as { a: 1 }, not a function', () => checkOptions(() => {}, '{ a: 1 }')],
    [
      'resume must be { sessionId, password }',
      () => checkTicket({ sessionId: 0n, password: Buffer.alloc(16) }),
    ],
    [
      'resume must be { sessionId, password }',
      () => checkTicket({ sessionId: 2n ** 63n, password: Buffer.alloc(16) }),
    ],
    [
      'resume must be { sessionId, password }',
      () => checkTicket(any({ sessionId: 1, password: Buffer.alloc(16) })),
    ],
    ['as ticket has it', () => checkTicket(any({ sessionId: 1n, password: 'text' }))],
    ['a version is a whole number from -1 on, not 1.5', () => checkVersion('/a', 1.5)],
    ['from -1 on, not 2147483648', () => checkVersion('/a', 2 ** 31)],
    ['the data of a node are bytes', () => checkData('/a', any('text'))],
    ['the data of a node are bytes', () => checkCreate('/a', { data: any('text') })],
    [
      'mode must be one of persistent, ephemeral,',
      () => checkCreate('/a', any<CreateOptions>({ mode: 'x' })),
    ],
    [
      'ttlMs must be a whole number from 1 to 2^40-1, not undefined',
      () => checkCreate('/a', { mode: 'ttl' }),
    ],
    ['not 1.5', () => checkCreate('/a', { mode: 'ttlSequential', ttlMs: 1.5 })],
    ['not 1099511627776', () => checkCreate('/a', { mode: 'ttl', ttlMs: 2 ** 40 })],
  ])('is refused with what would be right: %s', (message, check) => {
    expect(check).toThrow(ZooKeeperUseError);
    expect(check).toThrow(message);
  });
});
