import { execFile } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';
import { codeBlocks } from '../code-blocks.ts';
import { peers } from '../peers.ts';
import { startZooKeeper } from './zookeeper-server.ts';

const run = promisify(execFile);

it('the README’s locks on ZooKeeper are compiled with their types, and run from the installed package', async () => {
  const server = await startZooKeeper();
  const [example] = codeBlocks('Locks on ZooKeeper').get('ts')!;
  const program = `${example!.replace('127.0.0.1:2181', server.address)}
    async function work({ signal, fencingToken }: { signal: AbortSignal; fencingToken: bigint }): Promise<void> {
      console.log(signal.aborted, fencingToken > 0n);
    }
    const [read, lease] = [await readLock.acquire(), await semaphore.acquire()];
    console.log(read.locked, lease.locked, await writeLock.tryAcquire(), mutex.isAcquired);
    await Promise.all([read.release(), lease.release()]);
  `;
  const file = 'readme-zookeeper';
  writeFileSync(`${peers.project}/${file}.mts`, program);
  const flags = ['--strict', '--skipLibCheck', 'false', '--target', 'es2022', '--types', 'node'];
  const lib = ['--lib', 'es2022,esnext.disposable', '--module', 'node16'];
  const compiled = run('npx', ['--no-install', 'tsc', ...flags, ...lib, `${file}.mts`], {
    cwd: peers.project,
  });
  expect((await compiled.catch((error: { stdout: string }) => error)).stdout).toBe('');
  const { stdout } = await run('node', [`${file}.mjs`], { cwd: peers.project, timeout: 20_000 });
  expect(stdout).toBe('false true\ntrue true null false\n');
});
