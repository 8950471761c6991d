import type { VirtualTime } from '../../../zookeeper/model/virtual-time.ts';

/** Lets what asks for a turn of the event loop have it in virtual time, so that a run depends on its seed alone. */
export async function withVirtualImmediates<T>(time: VirtualTime, work: () => Promise<T>): Promise<T> {
  const { setImmediate } = globalThis;
  globalThis.setImmediate = ((call: () => void) => time.after(0, call)) as unknown as typeof setImmediate;
  try {
    return await work();
  } finally {
    globalThis.setImmediate = setImmediate;
  }
}
