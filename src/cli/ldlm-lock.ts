#!/usr/bin/env node
import { setPriority } from 'node:os';
import { runLock } from './lock/run-lock.ts';

// What libraries are warned of is nothing that the operator could mend.
process.noDeprecation = true;

const interrupt = new AbortController();
process.once('SIGINT', () => interrupt.abort());
// A reader that goes is noticed where something is written.
process.stdout.on('error', () => {});
process.stderr.on('error', () => {});

/** Enough that whoever locks hardly notices, and little enough that it goes on. */
const GIVE_WAY_NICENESS = 10;

const exitCode = await runLock({
  argv: process.argv.slice(2),
  env: process.env,
  stdout: process.stdout,
  stderr: process.stderr,
  interrupted: interrupt.signal,
  giveWay: () => setPriority(GIVE_WAY_NICENESS),
});
// The empty write waits for the text before it, and takes the error when nobody reads that any more.
process.stdout.write('', () => process.exit(exitCode));
