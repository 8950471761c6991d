import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';

/** Writes a file into a new folder that lives as long as the test, and returns its path. */
export function writeScratchFile(name: string, text: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'ldlm-config-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}
