import { describe, expect, it } from 'vitest';
import { LockOutput, ReaderGone } from '../../../src/cli/lock/lock-output.ts';
import { RecordedOutput } from './recorded-output.ts';

describe('LockOutput', () => {
  it('waits until a write is done', async () => {
    const dones: (() => void)[] = [];
    const output = new LockOutput({ write: (_text, done) => dones.push(done!) > 0 }, {});
    let done = false;
    const write = output.write('x').then(() => {
      done = true;
    });
    await new Promise(setImmediate);
    expect(done).toBe(false);
    dones[0]!();
    await write;
  });

  it('says when the reader is gone', async () => {
    const stream = new RecordedOutput();
    stream.error = new Error('EPIPE');
    await expect(new LockOutput(stream, {}).write('x')).rejects.toThrow(ReaderGone);
  });

  it('knows a terminal, its width, and whether colours are wanted', () => {
    const look = (stream: RecordedOutput, env = {}) => {
      const { isTerminal, columns, isColoured } = new LockOutput(stream, env);
      return [isTerminal, columns, isColoured];
    };
    expect(look(new RecordedOutput())).toEqual([false, 80, false]);
    expect(look(new RecordedOutput(true, 132))).toEqual([true, 132, true]);
    expect(look(new RecordedOutput(true, 0))).toEqual([true, 80, true]);
    expect(look(new RecordedOutput(true), { NO_COLOR: '1' })).toEqual([true, 80, false]);
    expect(look(new RecordedOutput(true), { TERM: 'dumb' })).toEqual([true, 80, false]);
  });
});
