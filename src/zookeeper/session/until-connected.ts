import type { SessionState } from '../nodes.ts';
import { NoServerError, type ZooKeeperError } from '../zookeeper-error.ts';
import type { SystemClock } from './system-clock.ts';

/** What is asked of a client that begins. */
interface Connecting {
  readonly state: SessionState;
  readonly clock: SystemClock;
  onState(listener: (state: SessionState) => void): () => void;
  keepRunning(): () => void;
}

/** What a session knows of the servers that it has tried. */
interface Tried {
  readonly servers: string;
  readonly lastCause: Error | null;
  readonly fault: ZooKeeperError | null;
}

/** Resolves when a server has taken the session. @throws NoServerError, why servers refused, or the reason of `signal` */
export async function untilConnected(
  client: Connecting,
  tried: Tried,
  timeoutMs: number,
  signal: AbortSignal | undefined,
): Promise<void> {
  const { promise, resolve, reject } = withResolvers();
  const endKeeping = client.keepRunning();
  const late = (): void => reject(new NoServerError(tried.servers, timeoutMs, tried.lastCause ?? undefined));
  const endTimer = client.clock.after(timeoutMs, late);
  const endState = client.onState((state) => {
    if (state === 'connected') resolve();
    else if (state === 'closed') reject(tried.fault);
  });
  const abort = (): void => reject(signal?.reason);
  signal?.addEventListener('abort', abort, { once: true });
  try {
    if (client.state !== 'connected') await promise;
  } finally {
    for (const end of [endKeeping, endTimer, endState]) end();
    signal?.removeEventListener('abort', abort);
  }
}

function withResolvers(): { promise: Promise<void>; resolve: () => void; reject: (error: unknown) => void } {
  let resolve!: () => void;
  let reject!: (error: unknown) => void;
  const promise = new Promise<void>((yes, no) => {
    resolve = yes;
    reject = no;
  });
  return { promise, resolve, reject };
}
