import { describe, expect, it } from 'vitest';
import { readRunPlan } from '../../../../src/cli/lock/run/run-options.ts';
import { UsageError } from '../../../../src/config/usage-error.ts';

describe('the words of run', () => {
  it('have defaults', () => {
    expect(readRunPlan(['--name', 'a', '--', 'make', '-j', '4'], {})).toEqual({
      ...{ name: 'a', command: ['make', '-j', '4'], address: 'localhost:3144', tls: null, password: '' },
      ...{ waitMs: 0, timeoutMs: 30_000, size: undefined, permits: undefined, shared: false, tries: false },
      ...{ onLost: 'kill', killAfterMs: null },
      exitCodes: { notAcquired: 75, lost: 76, unreachable: 69 },
    });
  });

  it('say everything', () => {
    const words = [
      '-n',
      'a',
      '--address=h:1',
      '--wait',
      '30s',
      '--timeout',
      '15s',
      '--size',
      '3',
      '--permits=2',
    ];
    const more = ['--shared', '--on-lost', 'warn', '--kill_after', '1500ms', '--exit_codes', '1,2,3'];
    const env = { LDLM_PASSWORD: 'pw' };
    expect(readRunPlan([...words, ...more, '--tls', '--', 'x', '--', '--try'], env)).toMatchObject({
      ...{ name: 'a', command: ['x', '--', '--try'], address: 'h:1', password: 'pw', waitMs: 30_000 },
      ...{ timeoutMs: 15_000, size: 3, permits: 2, shared: true, onLost: 'warn', killAfterMs: 1_500 },
      exitCodes: { notAcquired: 1, lost: 2, unreachable: 3 },
      tls: { skipVerify: false },
    });
    expect(readRunPlan(['--name', 'a', '--try', '--', 'x'], { LDLM_ADDRESS: 'e:2' })).toMatchObject({
      tries: true,
      address: 'e:2',
    });
    expect(readRunPlan(['--help'], {})).toBeNull();
  });

  it.each([
    [['--', 'x'], '--name is needed'],
    [['--name', 'a'], 'a command is needed behind --'],
    [['--name', 'a', 'x'], 'x'],
    [['--name', 'a', '--nmae', 'b', '--', 'x'], '--nmae'],
    [['--name', 'a', '--wait', '5', '--', 'x'], '--wait'],
    [['--name', 'a', '--wait', '-5s', '--', 'x'], '--wait'],
    [['--name', 'a', '--wait=-5s', '--', 'x'], '--wait must not be negative'],
    [['--name', 'a', '--size', '0', '--', 'x'], '--size must be a number from 1 on'],
    [['--name', 'a', '--on_lost', 'cry', '--', 'x'], '--on_lost must be kill or warn'],
    [['--name', 'a', '--try', '--wait', '1s', '--', 'x'], "can't be used together"],
    [['--name', 'a', '--exit_codes', '1,2', '--', 'x'], 'three numbers'],
    [['--name', 'a', '--exit_codes', '1,2,256', '--', 'x'], 'three numbers'],
    [['--name', 'a', '--address', 'nowhere', '--', 'x'], '--address'],
    [['--name', 'a', '--cert', 'c.pem', '--', 'x'], '--cert and --key'],
  ])('are refused with a reason: %j', (words, reason) => {
    expect(() => readRunPlan(words, {})).toThrow(UsageError);
    expect(() => readRunPlan(words, {})).toThrow(reason);
  });
});
