import { expect, it } from 'vitest';
import { Http2Error, http2ErrorName } from '../../../src/protocol/http2/error-code.ts';

it('names the error codes as RFC 9113 does', () => {
  const names = Object.values(Http2Error).map((error) => http2ErrorName(error));
  expect(names).toEqual([
    'NO_ERROR',
    'PROTOCOL_ERROR',
    'INTERNAL_ERROR',
    'FLOW_CONTROL_ERROR',
    'SETTINGS_TIMEOUT',
    'STREAM_CLOSED',
    'FRAME_SIZE_ERROR',
    'REFUSED_STREAM',
    'CANCEL',
    'COMPRESSION_ERROR',
    'CONNECT_ERROR',
    'ENHANCE_YOUR_CALM',
    'INADEQUATE_SECURITY',
    'HTTP_1_1_REQUIRED',
  ]);
});
