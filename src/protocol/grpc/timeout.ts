const digitsMax = 8;
const zero = 0x30;

/**
 * Parses the value of a `grpc-timeout` field: one to eight digits and a unit, H, M, S, m, u or n. Returns
 * milliseconds, with a fraction for the units u and n, at most 3.6e14; NaN when malformed. 0 is a deadline that has
 * passed already, as grpc-go has it.
 *
 * Source: https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md#requests
 */
export function parseGrpcTimeoutMs(value: string): number {
  const digits = value.length - 1;
  if (digits < 1 || digits > digitsMax) return Number.NaN;
  let amount = 0;
  for (let i = 0; i < digits; i++) {
    const digit = value.charCodeAt(i) - zero;
    if (digit < 0 || digit > 9) return Number.NaN;
    amount = amount * 10 + digit;
  }
  switch (value[digits]) {
    case 'H':
      return amount * 3_600_000;
    case 'M':
      return amount * 60_000;
    case 'S':
      return amount * 1000;
    case 'm':
      return amount;
    case 'u':
      return amount / 1e3;
    case 'n':
      return amount / 1e6;
    default:
      return Number.NaN;
  }
}
