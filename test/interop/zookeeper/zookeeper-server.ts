import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll } from 'vitest';
import { afterwards } from '../../server/running-server.ts';
import { findFreePort } from './ports.ts';
import type { ZooKeeperOptions } from './zookeeper-options.ts';
import { ZooKeeperServer } from './zookeeper-process.ts';

/** Makes a server that ends with the test, and its files with it; it is not started. */
export function makeZooKeeper(options: ZooKeeperOptions = {}): Promise<ZooKeeperServer> {
  return placeZooKeeper(options, afterwards);
}

async function placeZooKeeper(
  options: ZooKeeperOptions,
  inTheEnd: (end: () => unknown) => void,
): Promise<ZooKeeperServer> {
  const folder = mkdtempSync(join(tmpdir(), 'ldlm-zookeeper-'));
  inTheEnd(() => rmSync(folder, { recursive: true }));
  const server = new ZooKeeperServer(options, {
    folder,
    dataDir: options.dataDir ?? join(folder, 'data'),
    port: options.port ?? (await findFreePort()),
    securePort: options.tls === undefined ? undefined : await findFreePort(),
  });
  inTheEnd(() => server.kill());
  return server;
}

/** A server for all tests of a file, which serves before the first of them. Call it where they are declared. */
export function sharedZooKeeper(options: ZooKeeperOptions = {}): () => ZooKeeperServer {
  const ends: (() => unknown)[] = [];
  let server: ZooKeeperServer | null = null;
  beforeAll(async () => {
    server = await placeZooKeeper(options, (end) => ends.unshift(end));
    server.launch();
    await server.ready();
  });
  afterAll(async () => {
    for (const end of ends) await end();
  });
  return () => server!;
}

/** A server of its own for the test, which serves. */
export async function startZooKeeper(options: ZooKeeperOptions = {}): Promise<ZooKeeperServer> {
  const server = await makeZooKeeper(options);
  server.launch();
  await server.ready();
  return server;
}
