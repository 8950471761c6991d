import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { connect } from 'node:tls';
import { expect, it } from 'vitest';
import { tlsFile } from '../tls-fixture.ts';
import { startEnsemble } from './zookeeper-ensemble.ts';
import { startZooKeeper } from './zookeeper-server.ts';

it('a server that does not start shows its log', async () => {
  await expect(startZooKeeper({ settings: { tickTime: 'soon' } })).rejects.toThrow('NumberFormatException');
});

it('a frozen server can be stopped', async () => {
  const server = await startZooKeeper();
  server.freeze();
  await server.stop();
  await server.restart();
});

it.each(['server', 'mutual'] as const)('a server serves TLS with certificates: %s', async (tls) => {
  const server = await startZooKeeper({ tls });
  const [host, port] = server.secureAddress.split(':');
  const identity = {
    cert: readFileSync(tlsFile('client.pem')),
    key: readFileSync(tlsFile('client-key.pem')),
  };
  const open = async (options: object): Promise<string> => {
    const socket = connect({
      host: host!,
      port: Number(port),
      ca: readFileSync(tlsFile('ca.pem')),
      ...options,
    });
    let answer = '';
    socket.on('data', (text) => {
      answer += text.toString();
    });
    socket.write('ruok');
    await once(socket, 'close').catch(() => {});
    return answer;
  };
  expect(await open(identity)).toBe('imok');
  expect(await open({})).toBe(tls === 'server' ? 'imok' : '');
});

it('an ensemble goes on when its leader is killed, and takes it back', async () => {
  const ensemble = await startEnsemble();
  const leader = await ensemble.leader();
  expect(await ensemble.followers()).toHaveLength(2);
  await leader.kill();
  expect(await ensemble.leader()).not.toBe(leader);
  await leader.restart();
  await ensemble.ready();
  expect(await leader.mode()).toBe('follower');
});
