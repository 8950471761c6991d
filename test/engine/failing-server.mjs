import { runServer } from '../../dist/src/cli/run-server.js';
import { LockServer } from '../../dist/src/server/server.js';

/** The server program with shards that can be poisoned. */
const exitCode = await runServer({
  argv: process.argv.slice(2),
  env: {},
  stdout: process.stdout,
  stderr: process.stderr,
  columns: 80,
  signals: process,
  startServer: ({ logger, signal, ...options }) =>
    LockServer.start(options, logger, { workerUrl: new URL('poison-worker.mjs', import.meta.url), signal }),
});
process.exit(exitCode);
