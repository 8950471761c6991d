/** What the server has to reach beside the same service on @grpc/grpc-js in the same run, and in memory. */
export const Targets = {
  /** Times its rate, and the part of its processor time for a call, with 8 connections x 16 in flight. */
  rateRatioMin: 6,
  cpuRatioMax: 1 / 6,
  /** Times its rate with one call in flight. */
  aloneRateRatioMin: 1,
  /** How far the measured ratios may fall behind the recorded ones. */
  regressionMax: 0.2,
  heldLockBytesMax: 400,
  idleConnectionBytesMax: 12 * 1024,
  /** Above what a bare `tls` server needs. */
  idleTlsExtraBytesMax: 12 * 1024,
} as const;
