import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { LimitedLines } from '../../src/server/limited-lines.ts';
import { LogLines } from './log-lines.ts';

function open(level: 'info' | 'warn' = 'info', logLevel: 'info' | 'warn' = 'info') {
  const log = new LogLines(logLevel);
  return { log, lines: new LimitedLines(log.logger, level, 'Something failed') };
}

describe('LimitedLines', () => {
  it('writes every line while they are few, and nothing more', async () => {
    const { log, lines } = open();
    for (let i = 0; i < 5; i++) lines.write({ reason: `r${i}` });
    expect(log.of('').map(({ reason }) => reason)).toEqual(['r0', 'r1', 'r2', 'r3', 'r4']);
    await sleep(1_100);
    expect(log.texts).toHaveLength(5);
  });

  it('writes five lines of a flood, and one that counts the others, by itself when a second is over', async () => {
    const { log, lines } = open('warn');
    for (let i = 0; i < 100_000; i++) lines.write({ reason: 'again' });
    expect(log.texts).toHaveLength(5);
    await expect.poll(() => log.texts.length, { timeout: 3_000 }).toBe(6);
    expect(log.of('Something failed: more')).toMatchObject([{ level: 'WARN', count: 99_995 }]);
    lines.write({ reason: 'later' });
    expect(log.of('')[6]).toMatchObject({ msg: 'Something failed', reason: 'later' });
    await sleep(1_100);
    expect(log.texts).toHaveLength(7);
  });

  it('tells at its end what it has only counted, once', () => {
    const { log, lines } = open();
    lines.close();
    for (let i = 0; i < 8; i++) lines.write({});
    lines.close();
    lines.close();
    expect(log.of('Something failed: more')).toMatchObject([{ count: 3 }]);
  });

  it('begins a whole second anew behind an end', async () => {
    const { log, lines } = open();
    lines.write({});
    lines.close();
    await sleep(600);
    for (let i = 0; i < 6; i++) lines.write({});
    await sleep(600);
    expect(log.texts).toHaveLength(6);
    await expect.poll(() => log.texts.length, { timeout: 3_000 }).toBe(7);
  });

  it('counts nothing that would not be written', () => {
    const { log, lines } = open('info', 'warn');
    for (let i = 0; i < 100; i++) lines.write({});
    lines.close();
    expect(log.texts).toEqual([]);
  });
});
