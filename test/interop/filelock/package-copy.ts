import { cpSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { makeScratchFolder } from '../../filelock/scratch-folder.ts';
import { root } from '../peers.ts';

/**
 * Copies what was built of the file lock to where koffi is not found, or is found without its binaries, and
 * test programs beside it. Returns the folder of the programs.
 */
export function copyWithoutBinary(koffi: 'absent' | 'bare'): string {
  const folder = makeScratchFolder();
  writeFileSync(join(folder, 'package.json'), '{ "type": "module" }\n');
  for (const layer of ['base', 'contract', 'filelock']) {
    cpSync(join(root, 'dist/src', layer), join(folder, 'dist/src', layer), { recursive: true });
  }
  const programs = join(folder, 'test/filelock');
  mkdirSync(programs, { recursive: true });
  cpSync(join(root, 'test/filelock/file-lock-worker.mjs'), join(programs, 'file-lock-worker.mjs'));
  if (koffi === 'bare') {
    cpSync(join(root, 'node_modules/koffi'), join(folder, 'node_modules/koffi'), { recursive: true });
  }
  return programs;
}
