import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    root: new URL('..', import.meta.url).pathname,
    include: ['test/**/*.test.ts'],
    exclude: ['test/interop/**', 'test/load/**', 'test/crash/**'],
    pool: 'forks',
    testTimeout: 30_000,
  },
});
