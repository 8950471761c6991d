import { defineConfig } from 'vitest/config';

/** The slow form of the hostile tests: longer attacks, and what they may cost a bystander is judged. */
export default defineConfig({
  test: {
    root: new URL('../..', import.meta.url).pathname,
    include: ['test/hostile/**/*.test.ts'],
    pool: 'forks',
    fileParallelism: false,
    testTimeout: 120_000,
    hookTimeout: 60_000,
    env: { HOSTILE_ATTACK_MS: '4000', HOSTILE_JUDGE_SPEED: '1' },
  },
});
