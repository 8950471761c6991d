import { type Fault, Timeline } from '../../../bench/cluster/timeline.ts';

/** A timeline whose clock stands where the test puts it. */
export class TestTime {
  readonly timeline = new Timeline(() => this.nowMs);
  nowMs = 0;

  grant(atMs: number, name: string, server = 0): this {
    this.nowMs = atMs;
    this.timeline.granted(name, server);
    return this;
  }
}

/** Something that is started 3 s after its end, and serves half a second later. */
export function faultOf(name: string, role: string, killedMs: number, touched: readonly string[]): Fault {
  return {
    ...{ name, role, kind: role === '' ? 'server' : 'zookeeper', killedMs, touched },
    ...{ startedMs: killedMs + 3_000, servesMs: killedMs + 3_500, endMs: killedMs + 7_000 },
  };
}
