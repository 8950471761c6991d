/** Why a message cannot be decoded. A decoder returns one of these, or null when the message is fine. */
export const DecodeError = {
  /** The bytes are not in protobuf's wire format. */
  Malformed: 1,
  /** A string field is not valid UTF-8. */
  InvalidUtf8: 2,
} as const;

export type DecodeError = (typeof DecodeError)[keyof typeof DecodeError];
