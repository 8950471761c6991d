import { describe, expect, it } from 'vitest';
import { LdlmClient, runWhileLeader, ServerUnavailableError } from '../../src/client/index.ts';
import { afterwards } from '../server/running-server.ts';
import { type ClientTransport, runDoor } from './client-doors.ts';
import { TcpProxy } from './tcp-proxy.ts';

/** A client that tries once, and a way to take the server from it. */
async function run(transport: ClientTransport) {
  const server = await runDoor(transport);
  const proxy = await TcpProxy.open(server.address);
  afterwards(() => proxy.close());
  const client = new LdlmClient({ transport, address: proxy.address, retries: 0 });
  afterwards(() => client.close());
  const work = (): string => {
    proxy.cut(true);
    return 'the result of an hour';
  };
  return { server, client, work };
}

describe.each(['grpc', 'rest'] as const)('a lock that cannot be given back over %s', (transport) => {
  it('does not take the result of withLock away, and ends with its timeout', async () => {
    const { server, client, work } = await run(transport);
    expect(await client.withLock('a', { lockTimeoutMs: 500 }, work)).toBe('the result of an hour');
    await expect.poll(() => server.stats().holders, { timeout: 5_000 }).toBe(0);
  });

  it('does not take the result of tryWithLock away', async () => {
    const { client, work } = await run(transport);
    expect(await client.tryWithLock('a', work)).toEqual({ acquired: true, value: 'the result of an hour' });
  });

  it('does not take the result of a leader away', async () => {
    const { client, work } = await run(transport);
    expect(await runWhileLeader(client, 'a', work)).toBe('the result of an hour');
  });

  it('is an error where no timeout ends it, unless it is lost with its connection', async () => {
    const { client, work } = await run(transport);
    const worked = client.withLock('a', { lockTimeoutMs: 0 }, work);
    if (transport === 'grpc') expect(await worked).toBe('the result of an hour');
    else await expect(worked).rejects.toBeInstanceOf(ServerUnavailableError);
  });

  it('does not hide what its body throws', async () => {
    const { client, work } = await run(transport);
    const failing = client.withLock('a', { lockTimeoutMs: 0 }, () => {
      throw new RangeError(work());
    });
    await expect(failing).rejects.toThrow('the result of an hour');
  });
});
