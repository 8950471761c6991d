import { describe, expect, it } from 'vitest';
import { CLIENT_PREFACE } from '../../../src/protocol/http2/frame.ts';
import { Opening, OpeningKind } from '../../../src/protocol/http2/opening.ts';

function kindOf(...pieces: readonly string[]): OpeningKind {
  const opening = new Opening();
  for (const piece of pieces) opening.take(Buffer.from(piece, 'latin1'));
  return opening.kind();
}

const preface = CLIENT_PREFACE.toString('latin1');

describe('Opening', () => {
  it('knows the client preface of RFC 9113 section 3.4, in any two pieces', () => {
    expect(preface).toBe('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n');
    for (let at = 0; at <= preface.length; at++) {
      expect(kindOf(preface.slice(0, at))).toBe(
        at === preface.length ? OpeningKind.Http2 : OpeningKind.Unclear,
      );
      expect(kindOf(preface.slice(0, at), preface.slice(at))).toBe(OpeningKind.Http2);
    }
  });

  it('takes no more than the preface', () => {
    expect(new Opening().take(Buffer.from(`${preface}more`))).toBe(preface.length);
  });

  it.each(['GET / HTTP/1.1', 'POST /v1/lock', 'PUT /', 'PATCH /', 'OPTIONS *', 'HEAD /', 'DELETE /'])(
    'knows %j as HTTP/1, also byte by byte',
    (text) => {
      expect(kindOf(text)).toBe(OpeningKind.Http1);
      expect(kindOf(...text)).toBe(OpeningKind.Http1);
    },
  );

  it.each(['P', 'PR', 'PO', 'G', 'GET', 'DELET'])('waits for more behind %j', (text) => {
    expect(kindOf(text)).toBe(OpeningKind.Unclear);
  });

  it.each(['\x16\x03\x01\x02', 'X', 'GETS ', 'PRI * HTTP/1', 'get / HTTP/1.1', `${preface.slice(0, 23)}X`])(
    'knows %j as garbage',
    (text) => {
      expect(kindOf(text)).toBe(OpeningKind.Garbage);
      expect(kindOf(...text)).toBe(OpeningKind.Garbage);
    },
  );
});
