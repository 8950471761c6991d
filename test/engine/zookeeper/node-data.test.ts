import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  decodeNodeData,
  encodeNodeData,
  type NodeData,
  serverName,
} from '../../../src/engine/zookeeper/node-data.ts';

const NOBODY = { sessionId: '', address: '', protocol: '' } as const;
const text = fc.string({ unit: 'binary', maxLength: 40 });
const wholeMs = fc.nat({ max: 2 ** 42 });
const clients = fc.oneof(
  fc.constant(NOBODY),
  fc.record({
    sessionId: text.filter((id) => id !== ''),
    address: text,
    protocol: fc.constantFrom('grpc' as const, 'rest' as const),
  }),
);
const data: fc.Arbitrary<NodeData> = fc.record({
  server: text,
  client: clients,
  holder: text,
  lockTimeoutMs: fc.nat({ max: 2 ** 53 - 1 }),
  sinceMs: wholeMs,
  grantedMs: wholeMs,
  asksRenewal: fc.boolean(),
});

const PLAIN: NodeData = {
  ...{ server: '1f', client: NOBODY, holder: '', lockTimeoutMs: 0, sinceMs: 5, grantedMs: 0 },
  asksRenewal: false,
};

describe("a contender's data", () => {
  it('comes back as it was', () => {
    fc.assert(
      fc.property(data, (written) => {
        expect(decodeNodeData(encodeNodeData(written))).toEqual(written);
      }),
    );
  });

  it('says only what there is, with times in whole milliseconds', () => {
    expect(JSON.parse(encodeNodeData({ ...PLAIN, sinceMs: 5.7 }).toString())).toEqual({
      ...{ ldlm: 1, server: '1f', since_ms: 6 },
    });
    const client = { sessionId: 's', address: '10.0.0.1:5', protocol: 'grpc' } as const;
    const all = { ...PLAIN, client, holder: 'h', lockTimeoutMs: 60_000, grantedMs: 9.2 };
    expect(JSON.parse(encodeNodeData(all).toString())).toEqual({
      ...{ ldlm: 1, server: '1f', session: 's', address: '10.0.0.1:5', protocol: 'grpc' },
      ...{ holder: 'h', timeout_ms: 60_000, since_ms: 5, granted_ms: 9 },
    });
  });

  it.each([
    ['nothing', ''],
    ["Curator's", '10.0.0.7'],
    ['a number', '1'],
    ['half of ours', '{"ldlm":1,'],
    ['an object of somebody else', '{"server":"1f"}'],
    ['one of a later version', '{"ldlm":2,"server":"1f"}'],
    ['a list', '[1]'],
    ['null', 'null'],
  ])('is not %s', (_what, written) => {
    expect(decodeNodeData(Buffer.from(written))).toBeNull();
  });

  it('is read whatever somebody has written into its fields', () => {
    const odd = fc.oneof(fc.json(), fc.constantFrom('-1', '1e999', '"grpc"', '"smtp"'));
    const names = ['server', 'session', 'address', 'protocol', 'holder', 'timeout_ms', 'since_ms'];
    fc.assert(
      fc.property(fc.array(odd, { minLength: 7, maxLength: 7 }), (values) => {
        const fields = names.map((name, index) => `"${name}":${values[index]}`);
        const read = decodeNodeData(Buffer.from(`{"ldlm":1,${fields.join(',')}}`))!;
        for (const one of [read.server, read.holder, read.client.sessionId, read.client.address])
          expect(typeof one).toBe('string');
        expect(['', 'grpc', 'rest']).toContain(read.client.protocol);
        for (const one of [read.lockTimeoutMs, read.sinceMs, read.grantedMs]) {
          expect(one).toBeGreaterThanOrEqual(0);
          expect(Number.isFinite(one)).toBe(true);
        }
      }),
    );
  });

  it('never breaks on any bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array(), fc.boolean(), (bytes, opens) => {
        const written = Buffer.concat([Buffer.from(opens ? '{' : ''), bytes]);
        expect(decodeNodeData(written)).toBeNull();
      }),
    );
  });
});

describe('the name of a server', () => {
  it.each([
    [0n, '0'],
    [0x1000_abcdn, '1000abcd'],
    [-1n, 'ffffffffffffffff'],
  ])('of session %s is %s', (session, name) => {
    expect(serverName(session)).toMatch(new RegExp(`^${name}-[0-9a-f]{12}$`));
    expect(serverName(session)).toBe(serverName(session));
    // Another process with the same session is another server.
    expect(serverName(session, 'next')).toBe(`${name}-next`);
  });
});
