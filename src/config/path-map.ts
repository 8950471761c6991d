import type { MappedPath } from '../engine/zookeeper/lock-place.ts';
import { checkPath } from '../zookeeper/node-path.ts';
import { ConfigError } from './config-error.ts';

const ENTRY = /^(.+?)=(\/[^=]*):(\w+)$/;
const LAYOUTS = ['mutex', 'rw', 'semaphore'] as const;

/**
 * Reads `zookeeper_path_map`: entries of a lock's name, the path of its node below the chroot, and what kind of lock it is to
 * the programs that share it.
 *
 * @throws ConfigError
 */
export function parsePathMap(text: string): MappedPath[] {
  const entries = text
    .split(',')
    .map((entry) => entry.trim())
    .filter((entry) => entry !== '')
    .map(parseEntry);
  for (const [index, { name, path }] of entries.entries()) {
    const others = entries.slice(index + 1);
    if (others.some((other) => other.name === name))
      throw new ConfigError(`zookeeper_path_map names a path for ${JSON.stringify(name)} twice`);
    // What one contends for below a node, the other would take for its own.
    const clash = others.find((other) => isWithin(other.path, path) || isWithin(path, other.path));
    if (clash !== undefined)
      throw new ConfigError(
        `zookeeper_path_map has ${path} and ${clash.path}, of which one is within the other`,
      );
  }
  return entries;
}

function parseEntry(entry: string): MappedPath {
  const [, name = '', path = '', kind] = ENTRY.exec(entry) ?? [];
  const layout = LAYOUTS.find((one) => one === kind);
  if (layout === undefined)
    throw new ConfigError(
      `zookeeper_path_map must be entries of the form name=/path:mutex, :rw or :semaphore, got ${JSON.stringify(entry)}`,
    );
  try {
    checkPath(path);
  } catch (error) {
    throw new ConfigError(`zookeeper_path_map: ${error instanceof Error ? error.message : String(error)}`);
  }
  if (path === '/' || OWN_PATHS.some((own) => isWithin(path, own) || isWithin(own, path)))
    throw new ConfigError(
      `zookeeper_path_map: ${path} is where the servers or ZooKeeper keep their own nodes`,
    );
  return { name, path, layout };
}

/** Below the first stand the locks that are not mapped. */
const OWN_PATHS = ['/locks', '/servers', '/reaper', '/zookeeper'];

function isWithin(path: string, parent: string): boolean {
  return path === parent || path.startsWith(`${parent}/`);
}
