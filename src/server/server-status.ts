/** How the server is, for those who decide whether to send it work or to start another one. */
export interface ServerStatus {
  /** Whether it takes requests: what `grpc.health.v1` says too. */
  readonly serving: boolean;
  /** Why it takes none; empty when it does. */
  readonly reason: string;
  /** A part of it is lost, and it is about to end. */
  readonly failed: boolean;
}
