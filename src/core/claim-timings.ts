import { DurationCounts } from '../base/duration-counts.ts';

/** How long claims waited and held, counted at each grant and release. */
export class ClaimTimings {
  /** From the call to its grant, of those that waited: `CoreCounters` counts those that found the lock free. */
  readonly waits: DurationCounts;
  /** From the grant to its release, whatever that came from. */
  readonly holds: DurationCounts;

  constructor(waits: DurationCounts = new DurationCounts(), holds: DurationCounts = new DurationCounts()) {
    this.waits = waits;
    this.holds = holds;
  }
}
