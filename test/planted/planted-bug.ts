/** A mistake that a programmer could make, as an edit of one source file, and the tests that have to notice it. */
export interface PlantedBug {
  readonly name: string;
  /** The source file, from the repository's root. */
  readonly file: string;
  /** A piece of the file's text that occurs exactly once. */
  readonly find: string;
  readonly replace: string;
  /** The test files that are run, without `.test.ts`, the cheapest first. All of them pass without the bug. */
  readonly tests: readonly string[];
  /** The property that does not hold any more. */
  readonly catches: string;
  /** The bug loses a wake-up, so that a test that never ends has noticed it, too. Default: false. */
  readonly hangs?: boolean;
}

/** How often the text that a bug replaces occurs in its file: 1, or the bug cannot be planted. */
export function countPlaces(source: string, { find }: PlantedBug): number {
  return source.split(find).length - 1;
}

/** The source with the bug in it. */
export function plantBug(source: string, { find, replace }: PlantedBug): string {
  return source.replace(find, () => replace);
}
