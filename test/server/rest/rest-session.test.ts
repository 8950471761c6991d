import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { IdleSessions, RestSession } from '../../../src/server/rest/rest-session.ts';

function listOf(idle: IdleSessions): readonly string[] {
  const ids: string[] = [];
  for (let session = idle.first; session !== null; session = session.next) ids.push(session.id);
  return ids;
}

describe('idle sessions', () => {
  it('stand in the order in which they came', () => {
    const step = fc.record({ index: fc.nat({ max: 5 }), add: fc.boolean() });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const sessions = Array.from({ length: 6 }, (_, i) => new RestSession(`s${i}`, i + 1, 0));
        const idle = new IdleSessions();
        let model: string[] = [];
        for (const { index, add } of steps) {
          const session = sessions[index]!;
          // One that is in is taken out first; to take out one that is not in changes nothing.
          idle.remove(session);
          model = model.filter((id) => id !== session.id);
          if (add) {
            idle.add(session);
            model.push(session.id);
          }
          expect(listOf(idle)).toStrictEqual(model);
        }
      }),
    );
  });
});
