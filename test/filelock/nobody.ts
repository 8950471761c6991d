import { onTestFinished } from 'vitest';

/** Goes on as a user who owns nothing until the test ends: root may read and write everywhere. */
export function actAsNobody(): void {
  const user = process.geteuid?.();
  if (user !== 0) return;
  process.seteuid?.(65_534);
  onTestFinished(() => process.seteuid?.(user));
}
