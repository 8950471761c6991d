import { describe, expect, it } from 'vitest';
import { Mutex } from '../../../src/zookeeper/locks/mutex.ts';
import { seededIntegers } from '../../core/random.ts';
import { ModelEnsemble } from '../model/model-ensemble.ts';
import { ModelNodes } from '../model/model-nodes.ts';
import { VirtualTime } from '../model/virtual-time.ts';

const nodes = new ModelNodes(new ModelEnsemble(new VirtualTime(), seededIntegers(1)));

describe('a name of a mutex', () => {
  it.each(['0', '1', '00', '-', '--', '5-5', '', 'a/b', '__READ__', 'x__WRIT__'])(
    'that would not be told from a number or another lock is refused: %j',
    (name) => {
      expect(() => new Mutex(nodes, '/a', { name })).toThrow('name must');
    },
  );

  it.each(['lock-', 'mine-', 'v1', 'my-lock-', '2024x'])('may be anything else: %s', (name) => {
    expect(new Mutex(nodes, '/a', { name }).name).toBe(name);
  });
});
