import { parentOf } from '../node-path.ts';
import type { Nodes } from '../nodes.ts';
import { NodeExistsError, NoNodeError, UnimplementedError } from '../server-refusal.ts';
import type { CreateMode } from '../wire/op-code.ts';
import { ZooKeeperUseError } from '../zookeeper-error.ts';
import { isUnanswered } from './node-removal.ts';

const NO_DATA = Buffer.alloc(0);

/** What it takes to make nodes. */
type NodeMaker = Pick<Nodes, 'create' | 'chroot'>;

/**
 * Makes a node with all above it, as containers, which the server removes some time after their last child is gone. Servers
 * before 3.5 have none; there they stay. A chroot that is missing is made, too, as Curator makes its namespace.
 *
 * A container may be removed while what is to be below it is made: then the node is not there, which whoever needs it finds
 * out, and asks again.
 *
 * @param data of the node itself, if it is not there yet
 * @throws ZooKeeperUseError when there is nothing to make it below
 */
export async function makeParents(nodes: NodeMaker, path: string, data: Uint8Array = NO_DATA): Promise<void> {
  if (path === '/') return makeChroot(nodes);
  if (await isMade(nodes, path, data)) return;
  await makeParents(nodes, parentOf(path));
  await isMade(nodes, path, data);
}

async function makeChroot({ chroot }: NodeMaker): Promise<void> {
  if (chroot === undefined)
    throw new ZooKeeperUseError('the chroot in the connect string is a node that does not exist', '/');
  await makeParents({ create: chroot.create }, chroot.path);
}

/** False: the node above it is missing. */
async function isMade(nodes: NodeMaker, path: string, data: Uint8Array): Promise<boolean> {
  try {
    await makeNode(nodes, path, 'container', data);
    return true;
  } catch (error) {
    if (error instanceof NoNodeError) return false;
    throw error;
  }
}

/**
 * Makes a node that need not be missing. A creation whose answer was lost is made again: whoever made it, the node is there then.
 *
 * @throws NoNodeError, or another ZooKeeperError
 */
export async function makeNode(
  nodes: NodeMaker,
  path: string,
  mode: CreateMode,
  data: Uint8Array = NO_DATA,
): Promise<void> {
  for (;;) {
    try {
      await nodes.create(path, { mode, data });
      return;
    } catch (error) {
      if (error instanceof NodeExistsError) return;
      if (error instanceof UnimplementedError && mode === 'container')
        return makeNode(nodes, path, 'persistent', data);
      if (!isUnanswered(error)) throw error;
    }
  }
}
