#!/usr/bin/env node
/**
 * What a container's health check runs: exit code 0 when the server serves whose options stand in the environment and in
 * the file that it names, 1 and a line otherwise. Flags of the server are not known here.
 */
import { readEnv } from '../config/read-env.ts';
import { readOptions } from '../config/read-options.ts';
import { probeHealth } from './probe-health.ts';

const TIMEOUT_MS = 2_000;

let wrong: string | null;
try {
  wrong = await probeHealth(readOptions(new Map(), readEnv(process.env)), TIMEOUT_MS);
} catch (error) {
  wrong = error instanceof Error ? error.message : String(error);
}
if (wrong !== null) process.stderr.write(`${wrong}\n`);
process.exitCode = wrong === null ? 0 : 1;
