import type { WatchedNodes } from '../../../src/engine/zookeeper/lock-mirror.ts';
import type { Watcher } from '../../../src/zookeeper/nodes.ts';
import { UnimplementedError } from '../../../src/zookeeper/server-refusal.ts';
import { ModelNodes } from '../../zookeeper/model/model-nodes.ts';

/** As a server before 3.6 has it, which knows no watches that stay: whoever wants one looks again and again. */
export class WatchedModelNodes extends ModelNodes implements WatchedNodes {
  override async addWatch(
    path: string,
    _options: { readonly recursive: boolean },
    _watcher: Watcher,
  ): Promise<() => void> {
    throw new UnimplementedError(path);
  }
}
