import { MetricWord } from '../base/metric-words.ts';
import type { ServerEngine } from '../engine/engine.ts';
import type { Logger } from './logger.ts';

const REPORT_MS = 1_000;

/** Says once a second how much of the state file is loaded, while that takes long. */
export class LoadProgress {
  readonly #timer: NodeJS.Timeout;

  constructor(engine: Pick<ServerEngine, 'sumOf'>, logger: Logger) {
    this.#timer = setInterval(() => {
      const bytes = engine.sumOf(MetricWord.JournalBytes);
      if (bytes === 0) return;
      const percent = Math.floor((100 * engine.sumOf(MetricWord.LoadedBytes)) / bytes);
      logger.warn({ percent }, 'loading the state file');
    }, REPORT_MS);
  }

  end(): void {
    clearInterval(this.#timer);
  }
}
