/** The error codes of RFC 9113 section 7. */
export const Http2Error = {
  NoError: 0x0,
  ProtocolError: 0x1,
  InternalError: 0x2,
  FlowControlError: 0x3,
  SettingsTimeout: 0x4,
  StreamClosed: 0x5,
  FrameSizeError: 0x6,
  RefusedStream: 0x7,
  Cancel: 0x8,
  CompressionError: 0x9,
  ConnectError: 0xa,
  EnhanceYourCalm: 0xb,
  InadequateSecurity: 0xc,
  Http11Required: 0xd,
} as const;

export type Http2Error = (typeof Http2Error)[keyof typeof Http2Error];

const NAMES: Readonly<Record<Http2Error, string>> = {
  [Http2Error.NoError]: 'NO_ERROR',
  [Http2Error.ProtocolError]: 'PROTOCOL_ERROR',
  [Http2Error.InternalError]: 'INTERNAL_ERROR',
  [Http2Error.FlowControlError]: 'FLOW_CONTROL_ERROR',
  [Http2Error.SettingsTimeout]: 'SETTINGS_TIMEOUT',
  [Http2Error.StreamClosed]: 'STREAM_CLOSED',
  [Http2Error.FrameSizeError]: 'FRAME_SIZE_ERROR',
  [Http2Error.RefusedStream]: 'REFUSED_STREAM',
  [Http2Error.Cancel]: 'CANCEL',
  [Http2Error.CompressionError]: 'COMPRESSION_ERROR',
  [Http2Error.ConnectError]: 'CONNECT_ERROR',
  [Http2Error.EnhanceYourCalm]: 'ENHANCE_YOUR_CALM',
  [Http2Error.InadequateSecurity]: 'INADEQUATE_SECURITY',
  [Http2Error.Http11Required]: 'HTTP_1_1_REQUIRED',
};

/** The name that the RFC gives an error code. */
export function http2ErrorName(error: Http2Error): string {
  return NAMES[error];
}
