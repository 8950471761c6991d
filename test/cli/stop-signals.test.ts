import { EventEmitter } from 'node:events';
import { describe, expect, it } from 'vitest';
import { StopSignals } from '../../src/cli/stop-signals.ts';
import { createLogger } from '../../src/server/logger.ts';

function listenForSignals() {
  const source = new EventEmitter();
  const lines: string[] = [];
  const logger = createLogger({ logLevel: 'info', logFormat: 'json' }, { write: (line) => lines.push(line) });
  const signals = new StopSignals(source, logger);
  const settled: string[] = [];
  void signals.requested.then(() => settled.push('requested'));
  void signals.forced.then((exitCode) => settled.push(`forced ${exitCode}`));
  const send = async (signal: NodeJS.Signals) => {
    source.emit(signal, signal);
    await Promise.resolve();
    return settled.join(', ');
  };
  return { source, signals, send, lines };
}

describe('StopSignals', () => {
  it.each<[NodeJS.Signals, number]>([
    ['SIGINT', 130],
    ['SIGTERM', 143],
    ['SIGQUIT', 131],
  ])('asks for a stop at the first %s and forces it at the second', async (signal, exitCode) => {
    const { send, lines } = listenForSignals();
    expect(await send('SIGTERM')).toBe('requested');
    expect(await send(signal)).toBe(`requested, forced ${exitCode}`);
    expect(await send(signal)).toBe(`requested, forced ${exitCode}`);
    expect(JSON.parse(lines[0] ?? '')).toMatchObject({ level: 'INFO', msg: 'Stop requested' });
  });

  it('logs SIGHUP and goes on', async () => {
    const { send, lines } = listenForSignals();
    expect(await send('SIGHUP')).toBe('');
    expect(JSON.parse(lines[0] ?? '')).toMatchObject({ signal: 'SIGHUP', msg: 'Signal ignored' });
  });

  it('hands all signals back', () => {
    const { source, signals } = listenForSignals();
    expect(source.eventNames()).toStrictEqual(['SIGINT', 'SIGTERM', 'SIGQUIT', 'SIGHUP']);
    signals.close();
    expect(source.eventNames()).toStrictEqual([]);
  });
});
