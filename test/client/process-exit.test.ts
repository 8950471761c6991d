import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { runDoor } from './client-doors.ts';

const run = promisify(execFile);
const built = fileURLToPath(new URL('../../dist/src/client/index.js', import.meta.url));

describe.each(['grpc', 'rest'] as const)('over %s', (transport) => {
  it.each([
    ['a lock with a timeout', 'await client.lock("a"); print();'],
    ['a lock without one', 'await client.lock("a", { lockTimeoutMs: 0 }); print();'],
    ['a lock that was given back', 'await client.withLock("a", print);'],
    ['a client that is closed', 'await client.withLock("a", print); await client.close();'],
  ])('a program ends by itself that leaves behind %s', async (_, body) => {
    const { address } = await runDoor(transport);
    const script = `
      import { LdlmClient } from ${JSON.stringify(built)};
      const client = new LdlmClient(${JSON.stringify({ transport, address })});
      const print = () => console.log('held');
      ${body}`;
    const { stdout } = await run(process.execPath, ['--input-type=module', '-e', script], {
      timeout: 10_000,
    });
    expect(stdout).toBe('held\n');
  });

  it('a program ends by itself that has given up on a server which is not there', async () => {
    const script = `
      import { LdlmClient } from ${JSON.stringify(built)};
      const client = new LdlmClient(${JSON.stringify({ transport, address: '127.0.0.1:1' })});
      await client.lock('a', { signal: AbortSignal.timeout(300) }).catch(({ name }) => console.log(name));`;
    const { stdout } = await run(process.execPath, ['--input-type=module', '-e', script], {
      timeout: 10_000,
    });
    expect(stdout).toBe('TimeoutError\n');
  });
});
