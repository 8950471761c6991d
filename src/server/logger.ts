import { type DestinationStream, destination, type Logger as PinoLogger, pino, stdTimeFunctions } from 'pino';
import pretty from 'pino-pretty';
import type { LogFormat, LogLevel } from '../config/server-options.ts';

/**
 * What the server logs with: `logger.info({ session_id }, 'Session started')`. Ask `isLevelEnabled` before building
 * attributes where it happens per request. Attribute names are LDLM's, in lower case with underscores.
 */
export type Logger = Pick<PinoLogger, 'debug' | 'info' | 'warn' | 'error' | 'child' | 'isLevelEnabled'>;

/** What {@link createLogger} needs to know. */
export interface LoggerOptions {
  readonly logLevel: LogLevel;
  readonly logFormat: LogFormat;
}

/**
 * A logger that writes one line per call: JSON with `time` (RFC 3339), `level` in capitals, the attributes and `msg`,
 * or lines for people.
 *
 * @param stream where lines go. By default stderr, written synchronously: a line is out when the call returns, so
 * that none is lost when the process exits. At the rate of this server's lines that costs nothing.
 */
export function createLogger(options: LoggerOptions, stream: DestinationStream = openStderr()): Logger {
  return pino(
    {
      level: options.logLevel,
      base: null,
      timestamp: stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label.toUpperCase() }) },
    },
    options.logFormat === 'pretty' ? prettify(stream) : stream,
  );
}

/** A logger that says nothing. */
export function silentLogger(): Logger {
  return pino({ enabled: false });
}

function openStderr(): DestinationStream {
  return destination({ dest: 2, sync: true });
}

function prettify(stream: DestinationStream): DestinationStream {
  const format = pretty.prettyFactory({
    colorize: process.stderr.isTTY === true,
    translateTime: 'SYS:HH:MM:ss.l',
    singleLine: true,
    errorLikeObjectKeys: ['err'],
  });
  return { write: (line) => stream.write(format(line)) };
}
