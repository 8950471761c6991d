import fc from 'fast-check';
import { expect, it } from 'vitest';
import { RequestQueue } from '../../../src/zookeeper/session/request-queue.ts';

it('a queue gives back what it was given, in that order but for what is taken out', () => {
  const step = fc.constantFrom('push', 'shift', 'shift', 'takeAll', 'first', 'take');
  fc.assert(
    fc.property(fc.array(step, { maxLength: 100 }), (steps) => {
      const queue = new RequestQueue<number>();
      let model: number[] = [];
      steps.forEach((what, i) => {
        if (what === 'push') {
          queue.push(i);
          model.push(i);
        } else if (what === 'shift') expect(queue.shift()).toBe(model.shift() ?? null);
        else if (what === 'first') expect(queue.first()).toBe(model[0] ?? null);
        else if (what === 'take') {
          const isMeant = (item: number): boolean => item % 3 === i % 3;
          const at = model.findIndex(isMeant);
          expect(queue.take(isMeant)).toBe(at < 0 ? null : model.splice(at, 1)[0]);
        } else {
          expect(queue.takeAll()).toEqual(model);
          model = [];
        }
        expect(queue.length).toBe(model.length);
      });
    }),
  );
});
