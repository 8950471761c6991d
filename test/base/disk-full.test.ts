import { describe, expect, it } from 'vitest';
import { isDiskFull } from '../../src/base/disk-full.ts';

describe('isDiskFull', () => {
  it('knows what says that there is no room', () => {
    for (const code of ['ENOSPC', 'EDQUOT', 'EFBIG']) {
      expect(isDiskFull(Object.assign(new Error(), { code }))).toBe(true);
    }
    for (const code of ['EIO', 'EBADF', 28])
      expect(isDiskFull(Object.assign(new Error(), { code }))).toBe(false);
    expect(isDiskFull(new Error('ENOSPC'))).toBe(false);
    expect(isDiskFull({ code: 'ENOSPC' })).toBe(false);
  });
});
