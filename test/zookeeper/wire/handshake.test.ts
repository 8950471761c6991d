import { describe, expect, it } from 'vitest';
import {
  NO_SESSION,
  readConnectReply,
  type SessionTicket,
  writeConnect,
} from '../../../src/zookeeper/wire/handshake.ts';
import { MalformedReplyError } from '../../../src/zookeeper/zookeeper-error.ts';
import { int, long, reading, written } from '../jute-by-hand.ts';

const PASSWORD = '000102030405060708090a0b0c0d0e0f';
const ticket: SessionTicket = { sessionId: -2n, password: Buffer.from(PASSWORD, 'hex') };

describe('the first frame of a connection', () => {
  it('wishes for a new session with a number of 0 and a password of nothing', () => {
    expect(written((writer) => writeConnect(writer, NO_SESSION, 10_000, 0n))).toBe(
      // How long it is, version, last transaction, timeout, session, password, and no wish for a server that only reads.
      ['0000002d', '00000000', '0000000000000000', '00002710', '0000000000000000']
        .concat('00000010', '0'.repeat(32), '00')
        .join(''),
    );
  });

  it('shows a session, and what was seen last', () => {
    expect(written((writer) => writeConnect(writer, ticket, 1, 0x5_0000_0007n))).toBe(
      ['0000002d', '00000000', '0000000500000007', '00000001', 'fffffffffffffffe']
        .concat('00000010', PASSWORD, '00')
        .join(''),
    );
  });
});

describe('the answer to it', () => {
  const reply = (timeoutMs: number): string =>
    `${int(0)}${int(timeoutMs)}${long(-2n)}${int(PASSWORD.length / 2)}${PASSWORD}`;

  it.each([
    ['of a server that says whether it only reads', '00'],
    ['of one that only reads', '01'],
    ['of one before 3.4, which does not say it', ''],
  ])('%s is the session, and how long it lives', (_, flag) => {
    expect(readConnectReply(reading(reply(4_000) + flag))).toEqual({ timeoutMs: 4_000, ticket });
  });

  it.each([0, -1])('may be that there is no such session: a timeout of %i', (timeoutMs) => {
    expect(readConnectReply(reading(`${reply(timeoutMs)}00`)).timeoutMs).toBe(timeoutMs);
  });

  it('keeps its password when the bytes that it came in are used again', () => {
    const bytes = Buffer.from(reply(4_000), 'hex');
    const reader = reading('');
    reader.begin(bytes, 0, bytes.length);
    const { password } = readConnectReply(reader).ticket;
    bytes.fill(0xff);
    expect(password.toString('hex')).toBe(PASSWORD);
  });

  it.each([
    ['in its password', -2],
    ['in its session', 2 * (4 + 4 + 7)],
    ['in its timeout', 2 * (4 + 3)],
    ['at once', 0],
  ])('is none where it ends %s', (_, end) => {
    expect(() => readConnectReply(reading(reply(4_000).slice(0, end)))).toThrow(MalformedReplyError);
  });
});
