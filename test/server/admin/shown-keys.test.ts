import { describe, expect, it } from 'vitest';
import { lockWithShownKeys, withShownKeys } from '../../../src/server/admin/shown-keys.ts';
import { event, eventStep, holder, lock, lockStep, step, waiter } from '../../page/claims.ts';

const whole = holder(1, { key: '0123456789' });
const shown = holder(1, { key: '01234567' });

describe('keys for those who may not use them', () => {
  it('are cut wherever a key can stand', () => {
    expect(lockWithShownKeys(lock('a', [whole], [waiter(2)]))).toStrictEqual(lock('a', [shown], [waiter(2)]));
    expect(withShownKeys(lockStep(lock('a', [whole])))).toStrictEqual(lockStep(lock('a', [shown])));
    const released = eventStep(event('released', whole, [0, 0]));
    expect(withShownKeys(released)).toStrictEqual(eventStep(event('released', shown, [0, 0])));
  });

  it('are not in the other steps, which stay as they are', () => {
    const waiting = eventStep(event('waiting', waiter(1), [1, 1]));
    expect(withShownKeys(waiting)).toStrictEqual(waiting);
    expect(withShownKeys(step('snapshotEnd'))).toStrictEqual(step('snapshotEnd'));
  });
});
