/** Calls a listener. What it throws is its own, and comes out by itself: nobody else is left untold because of it. */
export function tell<Told>(listener: (told: Told) => void, told: Told): void {
  try {
    listener(told);
  } catch (error) {
    queueMicrotask(() => {
      throw error;
    });
  }
}
