/**
 * What can be wrong with a header block: every value is the text that says so. Each of them is a connection error of
 * type COMPRESSION_ERROR (RFC 9113 section 4.3), after which the decoder's state is of no further use.
 */
export const HpackError = {
  Truncated: 'header block ends inside of a field',
  IntegerTooLarge: 'integer in header block exceeds 28 bits',
  HuffmanInvalid: 'Huffman string contains EOS or has invalid padding',
  IndexZero: 'header field index is 0',
  IndexOutOfRange: 'header field index is beyond the dynamic table',
  SizeUpdateTooLarge: 'dynamic table size update exceeds SETTINGS_HEADER_TABLE_SIZE',
  SizeUpdateMisplaced: 'dynamic table size update after the first field of a header block',
} as const;

export type HpackError = (typeof HpackError)[keyof typeof HpackError];
