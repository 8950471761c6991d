import { describe, expect, it } from 'vitest';
import { serverName } from '../../../src/engine/zookeeper/node-data.ts';
import {
  SERVERS_PATH,
  ServerRegister,
  serverPath,
  tellOrphans,
} from '../../../src/engine/zookeeper/server-register.ts';
import { NoAuthError } from '../../../src/zookeeper/server-refusal.ts';
import { SessionExpiredError } from '../../../src/zookeeper/zookeeper-error.ts';
import { ModelNodes } from '../../zookeeper/model/model-nodes.ts';
import type { ModelSessionOptions } from '../../zookeeper/model/model-session.ts';
import { ModelClient } from './model-client.ts';

/** Counts what is made, and refuses some of it. */
class CountingNodes extends ModelNodes {
  readonly made: string[] = [];
  refusal: Error | null = null;

  override create(...args: Parameters<ModelNodes['create']>) {
    this.made.push(args[0]);
    const { refusal } = this;
    return refusal === null ? super.create(...args) : Promise.reject(refusal);
  }
}

async function open(options: ModelSessionOptions = {}) {
  const client = await ModelClient.openAs((ensemble) => new CountingNodes(ensemble, options));
  const failures: unknown[] = [];
  const register = new ServerRegister(client.nodes, serverName, (error) => failures.push(error));
  return { client, register, failures };
}

describe('the register of servers', () => {
  it('has a node for each that vanishes with its session', async () => {
    const { client, register } = await open();
    const { nodes } = client;
    await client.come(register.ready());
    expect(register.path).toBe(`${SERVERS_PATH}/${serverName(nodes.sessionId)}`);
    expect(register.path).toBe(serverPath(serverName(nodes.sessionId)));
    expect(client.ensemble.server.tree.stat(register.path)?.ephemeralOwner).toBe(nodes.sessionId);
    const { path } = register;
    nodes.close();
    await client.pass(100);
    expect(client.ensemble.server.tree.stat(path)).toBeNull();
  });

  it('leaves what it has stood below: others see by it that nodes may be there that stay', async () => {
    const { client, register } = await open();
    await client.come(register.ready());
    client.nodes.close();
    await client.pass(10_000);
    expect(client.ensemble.server.tree.stat(SERVERS_PATH)).toMatchObject({ childrenCount: 0 });
  });

  it('is written once in a session, whoever asks meanwhile', async () => {
    const { client, register } = await open();
    const first = register.ready();
    expect(register.ready()).toBe(first);
    await client.come(first);
    const { length } = client.nodes.made;
    await client.come(register.ready());
    expect(client.nodes.made.length).toBe(length);
  });

  it('is written anew in another session', async () => {
    const { client, register } = await open({ sessionTimeoutMs: 300 });
    await client.come(register.ready());
    const { path } = register;
    client.nodes.session.isolate(600);
    client.nodes.session.link?.cut();
    await client.pass(1_200);
    expect(client.nodes.state).toBe('connected');
    expect(register.path).not.toBe(path);
    await client.come(register.ready());
    const { tree } = client.ensemble.server;
    expect([tree.stat(path), tree.stat(register.path)]).toEqual([null, expect.anything()]);
  });

  it.each(['before', 'after'] as const)(
    'is written though the connection is cut %s it is',
    async (moment) => {
      let cuts = 0;
      const { client, register, failures } = await open({
        cutOf: (isWrite) => (isWrite && cuts++ < 5 ? moment : 'nowhere'),
      });
      const ready = register.ready();
      await client.pass(900);
      await client.come(ready);
      expect(client.ensemble.server.tree.stat(register.path)?.ephemeralOwner).toBe(client.nodes.sessionId);
      expect([cuts > 2, failures]).toEqual([true, []]);
    },
  );

  it('tells of what does not change by itself, and is asked again then', async () => {
    const { client, register, failures } = await open();
    client.nodes.refusal = new NoAuthError('/servers');
    await expect(client.come(register.ready())).rejects.toBe(client.nodes.refusal);
    expect(failures).toEqual([client.nodes.refusal]);
    expect(client.nodes.made.length).toBe(1);
    client.nodes.refusal = null;
    await client.come(register.ready());
    expect(client.ensemble.server.tree.stat(register.path)).not.toBeNull();
  });

  it('says nothing of a session that is over', async () => {
    const { client, register, failures } = await open();
    client.nodes.refusal = new SessionExpiredError('/servers');
    await expect(client.come(register.ready())).rejects.toThrow(SessionExpiredError);
    expect([failures, client.nodes.made.length]).toEqual([[], 1]);
  });
});

describe('what a server leaves behind that lives', () => {
  it('is told by a write of the node above the servers', async () => {
    const { client, register } = await open();
    await client.come(register.ready());
    await client.come(tellOrphans(client.nodes));
    expect(client.ensemble.server.tree.stat(SERVERS_PATH)?.version).toBe(1);
  });

  it('is found later where that cannot be told: there is no such node, or no answer', async () => {
    const { client, register } = await open();
    await client.come(tellOrphans(client.nodes));
    await client.come(register.ready());
    client.nodes.session.isolate(50);
    client.nodes.session.link?.cut();
    await client.come(tellOrphans(client.nodes));
    expect(client.ensemble.server.tree.stat(SERVERS_PATH)).not.toBeNull();
  });
});
