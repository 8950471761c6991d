/**
 * What is wrong with options that a caller without types has given; null: nothing. A number, a text or a signal has none of
 * the options' names, and would be passed over without a word.
 *
 * @param such what they may look like
 */
export function faultOfOptions(options: unknown, such: string): string | null {
  if (typeof options === 'object' && options !== null && !(options instanceof AbortSignal)) return null;
  // Of a function, its text would say too much.
  const given = typeof options === 'function' ? 'a function' : String(options);
  return `options must be an object such as ${such}, not ${given}`;
}
