import { once } from 'node:events';
import { connect, createServer, type Server } from 'node:net';
import { describe, expect, it } from 'vitest';
import { BindError, boundAddress, listenEverywhere, resolveHost } from '../../src/server/bind.ts';
import { afterwards } from './running-server.ts';

const portOf = (address: string): string => address.slice(address.lastIndexOf(':') + 1);

/** Listens, and closes everything after the test. */
async function listen(address: string): Promise<Server[]> {
  const made: Server[] = [];
  afterwards(() => {
    for (const server of made) server.close();
  });
  return listenEverywhere(address, () => {
    const server = createServer((socket) => socket.destroy());
    made.push(server);
    return server;
  });
}

describe('listening', () => {
  it('has a server at each address of a host name, all on one port', async () => {
    const addresses = (await listen('localhost:0')).map(boundAddress);
    expect(addresses.length).toBe((await resolveHost('localhost')).length);
    expect(new Set(addresses.map(portOf)).size).toBe(1);
    for (const address of addresses) {
      const host = address.slice(0, address.lastIndexOf(':')).replace(/[[\]]/g, '');
      const socket = connect(Number(portOf(address)), host);
      await once(socket.resume(), 'close');
    }
  });

  it('is on all interfaces without a host', async () => {
    const [server] = await listen(':0');
    const socket = connect(Number(portOf(boundAddress(server!))), '127.0.0.1');
    await once(socket.resume(), 'close');
  });

  it('says like Go why an address cannot be had, and keeps none of the others', async () => {
    const [taken] = await listen('127.0.0.1:0');
    const address = boundAddress(taken!);
    const refused = listen(address);
    await expect(refused).rejects.toBeInstanceOf(BindError);
    await expect(refused).rejects.toMatchObject({
      code: 'LDLM_BIND',
      message: `listen tcp ${address}: bind: address already in use`,
      cause: { code: 'EADDRINUSE' },
    });
    // Of TEST-NET-1, which no machine has.
    await expect(listen('192.0.2.1:0')).rejects.toThrow(
      'listen tcp 192.0.2.1:0: bind: cannot assign requested address',
    );
    await expect(listen('no-such-host.invalid:1')).rejects.toThrow(
      'listen tcp: lookup no-such-host.invalid: no such host',
    );
  });

  it('lets go of the first address when the second is taken', async () => {
    if ((await resolveHost('localhost')).length < 2) return;
    const hosts = await resolveHost('localhost');
    const second = hosts[1]!.includes(':') ? `[${hosts[1]}]` : hosts[1]!;
    const port = portOf(boundAddress((await listen(`${second}:0`))[0]!));
    await expect(listen(`localhost:${port}`)).rejects.toBeInstanceOf(BindError);
    const first = hosts[0]!.includes(':') ? `[${hosts[0]}]` : hosts[0]!;
    expect((await listen(`${first}:${port}`)).map(boundAddress)).toStrictEqual([`${first}:${port}`]);
  });
});

describe('the address of a server', () => {
  it('is empty while it does not listen', () => {
    expect(boundAddress(createServer())).toBe('');
  });
});
