import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { afterwards, connect, runToEnd } from '../server-process.ts';
import { tlsFile } from '../tls-fixture.ts';
import { engineFlags, launchOver } from './cluster-server.ts';
import { connectNode } from './node-client.ts';
import { startEnsemble } from './zookeeper-ensemble.ts';
import { startZooKeeper } from './zookeeper-server.ts';

const WAIT = { timeout: 30_000 };

describe('an ensemble', () => {
  it('that loses its leader keeps the locks, and grants again when there is another', async () => {
    const ensemble = await startEnsemble(3);
    const flags = ['--zookeeper_session_timeout', '10s'];
    const [one, two] = await Promise.all([launchOver(ensemble, ...flags), launchOver(ensemble, ...flags)]);
    const [first, second] = [connect(one!.address), connect(two!.address)];
    const held = await first.lock({ name: 'a' });
    const waiting = second.lock({ name: 'a' });
    await sleep(300);
    await (await ensemble.leader()).kill();
    const tries = async () => (await second.tryLock({ name: 'b' }).catch(() => null))?.locked;
    await expect.poll(tries, WAIT).toBe(true);
    expect((await second.tryLock({ name: 'a' })).locked).toBe(false);
    const unlocked = async () => (await first.unlock('a', held.key).catch(() => null))?.unlocked;
    await expect.poll(unlocked, WAIT).toBe(true);
    const next = await waiting;
    expect(next.locked).toBe(true);
    expect(BigInt(next.fencing_token)).toBeGreaterThan(BigInt(held.fencing_token));
  });
});

describe('an ensemble that asks who comes', () => {
  it('is spoken to over TLS, with a certificate', async () => {
    const server = await startZooKeeper({ tls: 'mutual' });
    const flags = ['--zookeeper_tls_ca', tlsFile('ca.pem')];
    const secure = { connectString: server.secureAddress };
    const client = connect(
      (
        await launchOver(
          secure,
          ...[...flags, '--zookeeper_tls_cert', tlsFile('client.pem')],
          ...['--zookeeper_tls_key', tlsFile('client-key.pem')],
        )
      ).address,
    );
    expect((await client.lock({ name: 'a' })).locked).toBe(true);
    const stranger = await runToEnd(['--listen_address', '127.0.0.1:0', ...engineFlags(secure, ...flags)]);
    expect(stranger.exitCode).toBe(1);
    const missing = ['--zookeeper_tls_ca', '/no/such/ca.pem'];
    const { exitCode, stderr } = await runToEnd([
      ...['--listen_address', '127.0.0.1:0'],
      ...engineFlags(secure, ...missing),
    ]);
    expect([exitCode, stderr]).toEqual([
      1,
      expect.stringContaining('zookeeper_tls_ca: open /no/such/ca.pem: no such file or directory'),
    ]);
  });

  it('is shown credentials, and lets in nobody else with --zookeeper_acl creator', async () => {
    const server = await startZooKeeper();
    const flags = ['--zookeeper_auth', 'digest:ldlm:secret', '--zookeeper_acl', 'creator'];
    const { server: own, address } = await launchOver(server, ...flags);
    const { key } = await connect(address).lock({ name: 'a' });
    const stranger = await connectNode(server);
    afterwards(() => stranger.close());
    await expect(stranger.getChildren('/locks')).rejects.toMatchObject({ code: 'ZOOKEEPER_NO_AUTH' });
    const wrong = [...flags, '--zookeeper_auth', 'digest:ldlm:wrong'];
    for (const theirs of [[], wrong]) {
      const words = ['--listen_address', '127.0.0.1:0', ...engineFlags(server, ...theirs)];
      const { exitCode, stderr } = await runToEnd(words);
      expect([exitCode, stderr]).toEqual([
        1,
        expect.stringMatching(
          /may not create and delete nodes below \/locks .* --zookeeper_auth .* --zookeeper_acl/,
        ),
      ]);
    }
    const unknown = ['--zookeeper_auth', 'basic:ldlm:secret'];
    const words = ['--listen_address', '127.0.0.1:0', ...engineFlags(server, ...unknown)];
    expect((await runToEnd(words)).stderr).toMatch(
      /zookeeper_auth: .* the scheme basic; .* digest:user:password/,
    );
    expect(await stranger.getChildren('/').then(({ children }) => children.sort())).toEqual([
      'locks',
      'zookeeper',
    ]);
    const same = connect((await launchOver(server, ...flags)).address);
    expect((await same.unlock('a', key)).unlocked).toBe(true);
    expect(own.stderr).not.toContain('secret');
  });

  it('is not joined below a chroot that others have made for themselves', async () => {
    const server = await startZooKeeper();
    const below = { connectString: `${server.connectString}/a/b` };
    const flags = ['--zookeeper_auth', 'digest:ldlm:secret', '--zookeeper_acl', 'creator'];
    await launchOver(below, ...flags);
    for (const chroot of ['/a/b', '/a/c']) {
      const there = { connectString: server.connectString + chroot };
      const { stderr } = await runToEnd(['--listen_address', '127.0.0.1:0', ...engineFlags(there)]);
      expect(stderr).toContain(
        `may not create and delete nodes below ${chroot === '/a/b' ? chroot : '/a'} in ZooKeeper`,
      );
    }
    await launchOver(below, ...flags, '--no_clear_on_disconnect');
  });
});
