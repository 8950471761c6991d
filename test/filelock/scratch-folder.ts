import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';

/** Makes a folder that lives as long as the test. */
export function makeScratchFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'ldlm-filelock-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  return folder;
}

/** A path in a folder of its own, with no file there yet. */
export function makeScratchPath(): string {
  return join(makeScratchFolder(), 'state.lock');
}
