import { ElapsedClock as ClockOf } from '../base/elapsed-clock.ts';

/** Where a client's time comes from. */
export interface ElapsedTime {
  /** Milliseconds since some moment; it never runs back. */
  nowMs(): number;
}

/** The clocks of this machine. */
export class ElapsedClock extends ClockOf implements ElapsedTime {
  constructor() {
    super(Date.now, () => performance.now());
  }
}
