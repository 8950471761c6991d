import { expect, it } from 'vitest';
import { AddressData } from '../../../src/zookeeper/locks/address-data.ts';
import type { Nodes } from '../../../src/zookeeper/nodes.ts';

it('is the address of the client, or nothing, and no more than once the same', () => {
  const data = new AddressData();
  const at = (localAddress?: string): Uint8Array =>
    data.of({ ...(localAddress && { localAddress }) } as Nodes);
  expect(Buffer.from(at()).toString()).toBe('');
  const first = at('127.0.0.1');
  expect(Buffer.from(first).toString()).toBe('127.0.0.1');
  expect(at('127.0.0.1')).toBe(first);
  // A connection to another server may have another one.
  expect(Buffer.from(at('::1')).toString()).toBe('::1');
  expect(Buffer.from(at()).toString()).toBe('');
});
