/** What schedules are made for: a simulation in which one of these never happens proves nothing about it. */
const COUNTED = [
  // How requests end.
  ...(['granted', 'taken', 'timedOut', 'overdue', 'superseded', 'refused', 'unavailable'] as const),
  ...(['disconnected', 'withdrawn'] as const),
  // What happens before that.
  ...(['meanwhile cancel', 'meanwhile cancelAndRepeat', 'meanwhile repeat', 'meanwhile move'] as const),
  'meanwhile unlockById',
  // What happens to a lock that is held, and how that ends.
  ...(['renewed', 'notRenewed', 'repeatedHeld', 'inherited', 'ends by unlock'] as const),
  'ends by unlockElsewhere',
  ...(['ends by unlockById', 'ends by unlockByIdElsewhere', 'ends by endSession', 'ends by cancel'] as const),
  ...(['ends by undelivered', 'ends by expire', 'unlocked', 'notUnlocked', 'notAnswered'] as const),
  // What servers and the network suffer.
  ...(['stops', 'lostLocks', 'lostSessions', 'cut', 'replies', 'everything', 'stall', 'crash'] as const),
  ...(['before', 'after', 'outage', 'followerCut'] as const),
  // What others see of the locks, or do with them.
  ...([
    'handedOver',
    'restarted',
    'foreignGranted',
    'foreignRefused',
    'listed',
    'watched',
    'missed',
  ] as const),
] as const;

export type Counted = (typeof COUNTED)[number];

/** How often happened what, in one run. */
export class EngineCounts {
  readonly counts: Record<Counted, number>;

  constructor() {
    this.counts = Object.fromEntries(COUNTED.map((what) => [what, 0])) as Record<Counted, number>;
  }

  add(what: Counted, times = 1): void {
    this.counts[what] += times;
  }
}
