import { execFileSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import type { LogFormat, LogLevel } from '../../src/config/server-options.ts';
import { createLogger, silentLogger } from '../../src/server/logger.ts';

function record(logFormat: LogFormat, logLevel: LogLevel) {
  const lines: string[] = [];
  const logger = createLogger({ logFormat, logLevel }, { write: (line) => lines.push(line) });
  return { logger, lines };
}

describe('createLogger', () => {
  it('writes a line of JSON with time, level and message, and nothing about the process', () => {
    const { logger, lines } = record('json', 'info');
    logger.info({ session_id: 'a', error: null }, 'Session started');
    expect(lines).toHaveLength(1);
    expect(lines[0]).toMatch(/^{.*}\n$/);
    const { time, ...rest } = JSON.parse(lines[0] ?? '');
    expect(time).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
    expect(Math.abs(Date.parse(time) - Date.now())).toBeLessThan(60_000);
    expect(rest).toStrictEqual({ level: 'INFO', session_id: 'a', error: null, msg: 'Session started' });
  });

  it.each<[LogLevel, string[]]>([
    ['debug', ['DEBUG', 'INFO', 'WARN', 'ERROR']],
    ['info', ['INFO', 'WARN', 'ERROR']],
    ['warn', ['WARN', 'ERROR']],
    ['error', ['ERROR']],
  ])('at %s writes %j', (level, written) => {
    const { logger, lines } = record('json', level);
    logger.debug('d');
    logger.info('i');
    logger.warn('w');
    logger.error('e');
    expect(lines.map((line) => JSON.parse(line).level)).toStrictEqual(written);
    expect(logger.isLevelEnabled('debug')).toBe(level === 'debug');
  });

  it('gives a child its attributes on every line', () => {
    const { logger, lines } = record('json', 'info');
    logger.child({ session_id: 'a' }).warn('x');
    expect(JSON.parse(lines[0] ?? '')).toMatchObject({ session_id: 'a', msg: 'x' });
  });

  it('writes for people on one line', () => {
    const { logger, lines } = record('pretty', 'info');
    logger.warn({ locks: 2, error: null }, 'Session ended');
    expect(lines.join('')).toMatch(
      /^\[\d\d:\d\d:\d\d\.\d{3}\] WARN: Session ended {"locks":2,"error":null}\n$/,
    );
  });

  /** As `npm test` builds it. */
  const compiled = new URL('../../dist/src/server/logger.js', import.meta.url);
  it('has written to stderr when the process exits', () => {
    const script = `
      import { createLogger } from ${JSON.stringify(compiled.href)};
      const logger = createLogger({ logLevel: 'info', logFormat: process.argv[1] });
      for (let i = 0; i < 2000; i++) logger.info({ i }, 'line');
      process.exit(0);`;
    for (const format of ['json', 'pretty']) {
      const shell = `"$0" --input-type=module -e "$1" ${format} 2>&1 >/dev/null`;
      const output = execFileSync('sh', ['-c', shell, process.execPath, script], { encoding: 'utf8' });
      expect(output.trimEnd().split('\n')).toHaveLength(2_000);
      expect(output).toContain('1999');
    }
  });
});

describe('silentLogger', () => {
  it('has every level switched off', () => {
    expect(silentLogger().isLevelEnabled('error')).toBe(false);
  });
});
