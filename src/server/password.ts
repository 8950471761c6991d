import { createHash, timingSafeEqual } from 'node:crypto';
import type { Authorize } from '../protocol/grpc/call-plan.ts';

/**
 * The check of the shared password that clients send bare in the `authorization` metadata. Both sides are hashed
 * first, so that the comparison takes the same time whatever was sent, also in length.
 */
export function passwordCheck(password: string): Authorize {
  if (password === '') return () => null;
  const expected = digest(Buffer.from(password, 'utf8'));
  return (authorization) => {
    if (authorization === null) return 'missing credentials';
    // Header values are byte strings: one character for each byte.
    const matches = timingSafeEqual(digest(Buffer.from(authorization, 'latin1')), expected);
    return matches ? null : 'invalid credentials';
  };
}

function digest(bytes: Buffer): Buffer {
  return createHash('sha256').update(bytes).digest();
}
