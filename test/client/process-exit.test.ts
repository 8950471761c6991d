import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { afterwards } from '../server/running-server.ts';
import { open, runDoor } from './client-doors.ts';
import { TcpProxy } from './tcp-proxy.ts';

/** Runs a script that prints `held`, at which its connections are cut, and no answers come over new ones. */
async function runSilenced(body: string): Promise<string> {
  const { address } = await runDoor('rest');
  const proxy = await TcpProxy.open(address);
  afterwards(() => proxy.close());
  const script = `
    import { LdlmClient } from ${JSON.stringify(built)};
    const client = new LdlmClient(${JSON.stringify({ transport: 'rest', address: proxy.address })});
    const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
    ${body}
    console.log('done');
    const endedMs = Date.now();
    process.on('exit', () => console.log(Date.now() - endedMs < 1_000 ? 'at once' : 'late'));`;
  const child = execFile(process.execPath, ['--input-type=module', '-e', script], { timeout: 20_000 });
  let printed = '';
  child.stdout!.on('data', (text: string) => {
    printed += text;
    if (!text.includes('held')) return;
    proxy.swallowsReplies = true;
    proxy.cut();
  });
  await once(child, 'close');
  return printed;
}

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

  it('what a listener throws is its own: the lock is lost for all others as well', async () => {
    const { address } = await runDoor(transport);
    const script = `
      import { LdlmClient } from ${JSON.stringify(built)};
      process.on('uncaughtException', ({ message }) => console.log(message));
      const client = new LdlmClient(${JSON.stringify({ transport, address })});
      client.on('lockLost', () => { throw new Error('mine'); });
      const lock = await client.lock('a', { lockTimeoutMs: 200, autoRenew: false });
      lock.signal.addEventListener('abort', () => setTimeout(() => console.log(lock.locked)));
      setTimeout(() => {}, 600);`;
    const { stdout } = await run(process.execPath, ['--input-type=module', '-e', script], {
      timeout: 10_000,
    });
    expect(stdout).toBe('mine\nfalse\n');
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

describe('what goes on behind the back of a program over REST', () => {
  it.each([
    [
      'a probe of the session',
      'await client.lock("a", { lockTimeoutMs: 0 }); console.log("held"); await sleep(1_000);',
    ],
    [
      'a renewal',
      'await client.lock("a", { lockTimeoutMs: 3_000 }); console.log("held"); await sleep(1_500);',
    ],
    [
      'the giving back of a request',
      `await client.lock('b', { lockTimeoutMs: 0 }); console.log('held'); await sleep(300);
       await client.lock('a', { signal: AbortSignal.timeout(300) }).catch(() => {});`,
    ],
  ])('does not keep it running while the server is silent: %s', async (_, body) => {
    expect(await runSilenced(body)).toBe('held\ndone\nat once\n');
  });

  it('is not taken for what the program waits for', async () => {
    const server = await runDoor('rest');
    const other = open(server);
    const lock = await other.lock('a');
    setTimeout(() => void lock.unlock(), 3_000);
    const script = `
      import { LdlmClient } from ${JSON.stringify(built)};
      const client = new LdlmClient(${JSON.stringify({ transport: 'rest', address: server.address })});
      await client.lock('a');
      console.log('waited');
      await client.close();
      console.log('closed');`;
    const { stdout } = await run(process.execPath, ['--input-type=module', '-e', script], {
      timeout: 10_000,
    });
    expect(stdout).toBe('waited\nclosed\n');
  });
});
