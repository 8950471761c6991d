import { parentOf } from '../node-path.ts';
import type { Nodes } from '../nodes.ts';
import { NodeExistsError, NoNodeError, UnimplementedError } from '../server-refusal.ts';

/**
 * Makes a node with all above it, as containers, which the server removes some time after their last child is gone. Servers
 * before 3.5 have none; there they stay.
 */
export async function makeParents(nodes: Nodes, path: string): Promise<void> {
  try {
    await makeNode(nodes, path);
  } catch (error) {
    if (!(error instanceof NoNodeError) || path === '/') throw error;
    await makeParents(nodes, parentOf(path));
    await makeNode(nodes, path);
  }
}

async function makeNode(nodes: Nodes, path: string): Promise<void> {
  try {
    await nodes.create(path, { mode: 'container' });
  } catch (error) {
    if (error instanceof UnimplementedError) return makePersistent(nodes, path);
    if (!(error instanceof NodeExistsError)) throw error;
  }
}

async function makePersistent(nodes: Nodes, path: string): Promise<void> {
  try {
    await nodes.create(path);
  } catch (error) {
    if (!(error instanceof NodeExistsError)) throw error;
  }
}
