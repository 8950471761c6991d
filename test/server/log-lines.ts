import type { LogLevel } from '../../src/config/server-options.ts';
import { createLogger, type Logger } from '../../src/server/logger.ts';

export type LogLine = Readonly<Record<string, unknown>>;

/** A logger whose lines are kept, as text and read. */
export class LogLines {
  readonly logger: Logger;
  readonly texts: string[] = [];

  constructor(logLevel: LogLevel = 'info') {
    const stream = { write: (line: string): void => void this.texts.push(line) };
    this.logger = createLogger({ logLevel, logFormat: 'json' }, stream);
  }

  get lines(): LogLine[] {
    return this.texts.map((text) => JSON.parse(text) as LogLine);
  }

  /** The lines whose message begins with this. */
  of(message: string): LogLine[] {
    return this.lines.filter(({ msg }) => String(msg).startsWith(message));
  }
}
