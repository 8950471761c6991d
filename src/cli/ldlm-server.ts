#!/usr/bin/env node
import { startServer } from '../index.ts';
import { runServer } from './run-server.ts';

const exitCode = await runServer({
  argv: process.argv.slice(2),
  env: process.env,
  stdout: process.stdout,
  stderr: process.stderr,
  columns: process.stdout.columns ?? 80,
  signals: process,
  startServer,
});
// Not left to the event loop to end by itself: after a second signal, connections and threads are still there.
// The empty write waits for the text before it, and takes the error when nobody reads that any more.
process.stdout.write('', () => process.exit(exitCode));
