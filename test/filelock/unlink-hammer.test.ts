import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, it, onTestFinished } from 'vitest';
import { makeScratchPath } from './scratch-folder.ts';

const program = fileURLToPath(new URL('./unlink-hammer-worker.mjs', import.meta.url));
const processCount = 8;
const cyclesEach = 1_250;

async function startHammer(...args: readonly string[]): Promise<ChildProcess> {
  const child = fork(program, [...args, String(cyclesEach)]);
  onTestFinished(() => void child.kill('SIGKILL'));
  await once(child, 'message');
  return child;
}

it('a lock file that every release removes is held by one process at a time', {
  timeout: 120_000,
}, async () => {
  const path = makeScratchPath();
  const counterPath = `${path}.count`;
  writeFileSync(counterPath, '0');
  const children = await Promise.all(
    Array.from({ length: processCount }, () => startHammer(path, counterPath)),
  );
  const ends = children.map((child) => once(child, 'exit'));
  for (const child of children) child.send('go');
  expect(await Promise.all(ends)).toStrictEqual(children.map(() => [0, null]));
  expect(Number(readFileSync(counterPath, 'utf8'))).toBe(processCount * cyclesEach);
  expect(existsSync(path)).toBe(false);
});
