/**
 * Makes the function that lets whoever else is ready run on this processor before its caller goes on: sched_yield(2),
 * which Node.js does not offer. Null where the system has none.
 */
export async function loadProcessorYield(): Promise<(() => void) | null> {
  try {
    const { load } = await import('koffi');
    return load(null).func('int sched_yield()') as () => void;
  } catch {
    return null;
  }
}
