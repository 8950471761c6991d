/** The client library: `import { LdlmClient } from 'ldlm-ts/client'`. */
export type { LdlmClientOptions, LockOptions, Pem, TlsOptions, WaitOptions } from './client-options.ts';
export * from './errors.ts';
export { HeldLock } from './held-lock.ts';
export { LdlmClient, type TryResult } from './ldlm-client.ts';
export { FencedFile } from './patterns/fenced-file.ts';
export { type FencedStatement, type FencedUpdate, fencingCheckSql } from './patterns/fencing-sql.ts';
export { type LeaderBody, type LeaderOptions, runWhileLeader } from './patterns/leadership.ts';
export {
  type AcquireOptions,
  type RateLimit,
  type RateLimitOptions,
  rateLimit,
  type TryAcquireOptions,
} from './patterns/rate-limit.ts';
