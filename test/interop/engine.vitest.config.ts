import { defineConfig } from 'vitest/config';

/** The suites that know the server by its doors alone, against servers whose locks are in ZooKeeper. */
export default defineConfig({
  test: {
    root: new URL('../..', import.meta.url).pathname,
    include: [
      'test/interop/conformance/**/*.test.ts',
      'test/interop/admin/**/*.test.ts',
      'test/interop/rest/{cases,tls}.test.ts',
      'test/interop/{curl,go-client,grpcurl,examples,client-beside-python}.test.ts',
    ],
    // ZooKeeper removes the nodes of idle locks, so `--lock_gc_interval` is refused.
    exclude: ['test/interop/conformance/collection.test.ts'],
    globalSetup: 'test/interop/engine-setup.ts',
    pool: 'forks',
    maxWorkers: 2,
    testTimeout: 90_000,
    hookTimeout: 60_000,
  },
});
