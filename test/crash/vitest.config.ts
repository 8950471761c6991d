import { defineConfig } from 'vitest/config';

/** Servers that are killed, and a disk that is full: real processes, one after the other. Needs root, to mount. */
export default defineConfig({
  test: {
    root: new URL('../..', import.meta.url).pathname,
    include: ['test/crash/**/*.test.ts'],
    pool: 'forks',
    fileParallelism: false,
    testTimeout: 60_000,
    // What was checked is said while it is checked, and behind it the numbers.
    disableConsoleIntercept: true,
  },
});
