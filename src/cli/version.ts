import { packageVersion } from '../server/package-version.ts';

/** The three lines of `--version`, as LDLM prints them. Commit and time of the build are known to release builds only. */
export function formatVersion(): string {
  return `Version: ${packageVersion()}\nCommit: none\nBuilt: unknown\n`;
}
