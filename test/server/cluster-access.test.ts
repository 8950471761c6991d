import { describe, expect, it } from 'vitest';
import { ClusterAccessError, checkAccess } from '../../src/server/cluster-access.ts';
import type { JuteReader } from '../../src/zookeeper/wire/jute-reader.ts';
import { OpCode } from '../../src/zookeeper/wire/op-code.ts';
import { ZooKeeperClient } from '../../src/zookeeper/zookeeper-client.ts';
import { type Asked, type FakeOptions, FakeServer, writeEmptyStat } from '../zookeeper/fake-server.ts';
import { afterwards } from './running-server.ts';

const NO_NODE = -101;
const NO_AUTH = -102;
const BAD_VERSION = -103;

/** The paths and versions of a multi that creates and deletes a node and looks at the one above it. */
function readProbe(body: JuteReader): readonly [created: string, deleted: string, checked: string] {
  const skipHead = (): void => void [body.int(), body.bool(), body.int()];
  skipHead();
  const created = body.string();
  body.buffer();
  for (let acls = body.int(); acls > 0; acls--) void [body.int(), body.string(), body.string()];
  body.int();
  skipHead();
  const deleted = body.string();
  body.int();
  skipHead();
  return [created, deleted, body.string()];
}

/** An ensemble in which these nodes are there, and those below some of them are not to be changed. */
async function connect(there: readonly string[], closed: readonly string[], chroot = '/x', losses = 0) {
  let lossesLeft = losses;
  const probed: string[] = [];
  const answer = ({ op, body }: Asked): ReturnType<NonNullable<FakeOptions['answer']>> => {
    if (op === OpCode.Exists)
      return there.includes(body.string()) ? { write: writeEmptyStat } : { code: NO_NODE };
    if (op !== OpCode.Multi) return undefined;
    const [created, deleted, parent] = readProbe(body);
    expect([created.startsWith(`${parent}/`.replace('//', '/')), deleted]).toEqual([true, created]);
    probed.push(parent);
    if (lossesLeft-- > 0) {
      fake.cut();
      return null;
    }
    return { code: closed.includes(parent) ? NO_AUTH : BAD_VERSION };
  };
  const fake = await FakeServer.start({ answer });
  const nodes = await ZooKeeperClient.connect(fake.address + chroot);
  afterwards(() => nodes.close());
  return { nodes, probed };
}

describe('the access to the nodes of the locks', () => {
  it.each([
    [['/x', '/x/locks', '/x/servers'], false, ['/x/locks']],
    [['/x', '/x/locks', '/x/servers'], true, ['/x/locks', '/x/servers']],
    [['/x', '/x/locks'], true, ['/x/locks', '/x']],
    [['/x'], false, ['/x']],
  ])('is looked at where changes will be made: %j, %j', async (there, noClearOnDisconnect, expected) => {
    const { nodes, probed } = await connect(there, []);
    await checkAccess(nodes, '/x', { noClearOnDisconnect });
    expect(probed).toEqual(expected);
  });

  it.each([
    ['/x', ['/x', '/x/locks'], '/x/locks'],
    ['/x', ['/x'], '/x'],
    ['', ['/locks'], '/locks'],
    ['', [], '/'],
  ])('is told as missing, with the path and what to do: %j, %j', async (chroot, there, closed) => {
    const { nodes } = await connect(there, [closed], chroot);
    const error = await checkAccess(nodes, chroot, { noClearOnDisconnect: false }).catch((reason) => reason);
    expect(error).toBeInstanceOf(ClusterAccessError);
    expect(error).toMatchObject({
      message:
        `this server may not create and delete nodes below ${closed} in ZooKeeper: give it the --zookeeper_auth ` +
        'with which they were made, and all servers the same --zookeeper_acl',
    });
  });

  it('is looked at once more where a connection is lost meanwhile', async () => {
    const { nodes, probed } = await connect(['/x'], [], '/x', 2);
    await checkAccess(nodes, '/x', { noClearOnDisconnect: false });
    expect(probed).toEqual(['/x', '/x', '/x']);
  });
});
