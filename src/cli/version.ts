import { existsSync, readFileSync } from 'node:fs';

/** The three lines of `--version`, as LDLM prints them. Commit and time of the build are known to release builds only. */
export function formatVersion(): string {
  return `Version: ${readPackageVersion()}\nCommit: none\nBuilt: unknown\n`;
}

/** Sources and compiled files lie at different depths, so the manifest is looked for upwards. */
function readPackageVersion(): string {
  let url = new URL('./package.json', import.meta.url);
  while (!existsSync(url)) url = new URL('../package.json', url);
  const manifest: { version: string } = JSON.parse(readFileSync(url, 'utf8'));
  return manifest.version;
}
