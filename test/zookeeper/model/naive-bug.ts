/** What somebody could get wrong who writes a lock on ZooKeeper. */
export const NAIVE_BUGS = [
  'takes the event for the grant',
  'adopts what an old session left',
  'deaf to the loss of the session',
  'waits for a node that is gone',
  'leaves its node behind a timeout',
  'forgets a create that was not answered',
  'looks for its node without sync',
  'takes the node of another attempt',
  'cleans up before it refuses',
  'stays locked behind its session',
  'calls it lost when it is suspended',
  'tells nobody of a loss',
  'leaves a watch behind',
  'keeps the process running',
  'says that it has released what was lost',
  'deletes only once',
  'sorts by the whole name',
  'gives up without a parent',
  'lets one too many in',
  'waits for one of the holders',
  'takes junk for somebody',
  'lets readers in beside a writer',
  'downgrades with a number of its own',
  'takes the sequence for the token',
] as const;

export type NaiveBug = (typeof NAIVE_BUGS)[number];
