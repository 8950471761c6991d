import { connect as connectSocket } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import { LockClient, statusOf } from '../clients/lock-client.ts';
import { RawPeer } from '../server/raw-peer.ts';
import { Container } from './container.ts';
import { readDockerfile } from './container-image.ts';

const image = readDockerfile();

/** A container that serves on a free port of 127.0.0.1: it has the network of the machine. */
async function begin(...args: readonly string[]) {
  const container = new Container(image, args, { LDLM_LISTEN_ADDRESS: '127.0.0.1:0' });
  onTestFinished(() => container.destroy());
  const address = await container.ready();
  return { container, address };
}

function connect(address: string): LockClient {
  const client = new LockClient(address);
  onTestFinished(() => client.close());
  return client;
}

/** Holds a lock, has another client wait for it, and returns how that ends. */
async function waitBehind(
  client: LockClient,
  address: string,
): Promise<{ readonly end: ReturnType<typeof statusOf> }> {
  await client.lock({ name: 'a', size: 2 });
  const end = statusOf(connect(address).lock({ name: 'a', size: 2, permits: 2 }));
  // The second permit is free, but for who comes behind one that waits.
  const isFree = async (): Promise<boolean> => {
    const { locked = false, key } = await client.tryLock({ name: 'a', size: 2 });
    if (locked) await client.unlock('a', key);
    return locked;
  };
  await expect.poll(isFree, { timeout: 5_000 }).toBe(false);
  return { end };
}

const answers = (address: string): Promise<boolean> =>
  new Promise((resolve) => {
    const [host, port] = address.split(':');
    const socket = connectSocket(Number(port), host, () => resolve(true));
    socket.on('error', () => resolve(false));
    onTestFinished(() => void socket.destroy());
  });

describe('the Dockerfile', () => {
  it("has LDLM's two settings for containers, and no privileges", () => {
    expect(image.env).toMatchObject({
      LDLM_LISTEN_ADDRESS: '0.0.0.0:3144',
      LDLM_IPC_SOCKET_FILE: '/tmp/ldlm-ipc.sock',
    });
    expect(image.user).toMatch(/^[1-9]\d*:[1-9]\d*$/);
    expect(image.ports).toEqual(['3144']);
    expect(image.stopSignal).toBe('SIGTERM');
    expect(image.entry[0]).toBe('node');
  });
});

describe('the entry of the image as process 1', () => {
  it('serves without privileges', async () => {
    const { container, address } = await begin();
    expect(container.status('NSpid')).toMatch(/\t1$/);
    expect(container.status('Uid')).toMatch(/^65534\t65534\t65534\t65534$/);
    expect(container.status('NoNewPrivs')).toBe('1');
    expect(container.status('CapEff')).toBe('0000000000000000');
    expect(await connect(address).lock({ name: 'a' })).toMatchObject({ locked: true });
  });

  it('stops in order when it is asked to: who waits is told, and the exit code is 0', async () => {
    const { container, address } = await begin();
    const client = connect(address);
    const waiting = await waitBehind(client, address);
    container.signal(image.stopSignal as NodeJS.Signals);
    expect(await waiting.end).toEqual({ code: 14, details: 'the server is shutting down' });
    client.close();
    expect(await container.ended).toBe(0);
    expect(container.log).toContain('Stop requested');
  });

  // Process 1 has none of the kernel's own ways with signals: each has to be looked after.
  it.each(['SIGINT', 'SIGTERM', 'SIGQUIT'] as const)(
    'stops in order at %s, with exit code 0',
    async (signal) => {
      const { container, address } = await begin();
      container.signal(signal);
      expect(await container.ended).toBe(0);
      expect(container.log).toMatch(new RegExp(`"signal":"${signal}".*"msg":"Stop requested`));
      expect(await answers(address)).toBe(false);
    },
  );

  it('says that it ignores SIGHUP, and goes on serving', async () => {
    const { container, address } = await begin();
    const client = connect(address);
    await client.lock({ name: 'a' });
    container.signal('SIGHUP');
    await expect.poll(() => container.log).toMatch(/"signal":"SIGHUP","msg":"Signal ignored"/);
    expect(await client.lock({ name: 'b' })).toMatchObject({ locked: true });
    // It has lost nothing, and takes new clients.
    expect(await connect(address).tryLock({ name: 'a' })).toMatchObject({ locked: false });
    expect(container.log).not.toContain('Stop requested');
  });

  it('stops at once at the second signal', async () => {
    const { container, address } = await begin('--shutdown_grace', '1m');
    const peer = await RawPeer.connect(address);
    await peer.frame(({ type }) => type === 4);
    container.signal('SIGTERM');
    await expect.poll(() => container.log).toContain('Stop requested');
    container.signal('SIGTERM');
    expect(await container.ended).toBe(128 + 15);
    peer.socket.destroy();
  });

  it('ends without a word when it is killed from outside, and frees its port', async () => {
    const { container, address } = await begin();
    const client = connect(address);
    const waiting = await waitBehind(client, address);
    container.signal('SIGKILL');
    expect((await waiting.end).code).toBe(14);
    expect(await container.ended).not.toBe(0);
    expect(await answers(address)).toBe(false);
  });

  it('exits 2 at a command line that cannot be used', async () => {
    const container = new Container(image, ['--nope'], {});
    onTestFinished(() => container.destroy());
    expect(await container.ended).toBe(2);
    expect(container.log).toContain('unknown flag: --nope');
  });

  it('does not ask for the end of orphans, which is what --init is for, and is not disturbed by them', async () => {
    const { container, address } = await begin();
    expect(await container.exec(['sh', '-c', 'sleep 0.2 & exit 3'])).toEqual({ code: 3, stderr: '' });
    await expect.poll(() => container.childStates(), { timeout: 5_000 }).toEqual(['Z']);
    expect(await connect(address).lock({ name: 'a' })).toMatchObject({ locked: true });
    container.signal('SIGTERM');
    expect(await container.ended).toBe(0);
  });
});

describe('the health check of the image', () => {
  it('says whether the server serves, and leaves nothing behind', async () => {
    const { container, address } = await begin();
    const here = { LDLM_LISTEN_ADDRESS: address };
    expect(await container.exec(image.healthCheck, here)).toEqual({ code: 0, stderr: '' });
    expect(container.childStates()).toEqual([]);
    const nobody = await container.exec(image.healthCheck, { LDLM_LISTEN_ADDRESS: '127.0.0.1:1' });
    expect(nobody).toEqual({ code: 1, stderr: expect.stringContaining('ECONNREFUSED') });
  });
});
