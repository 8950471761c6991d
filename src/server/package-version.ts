import { existsSync, readFileSync } from 'node:fs';

/** The version in the package's manifest. Sources and compiled files lie at different depths, so it is looked for upwards. */
export function packageVersion(): string {
  let url = new URL('./package.json', import.meta.url);
  while (!existsSync(url)) url = new URL('../package.json', url);
  const manifest: { version: string } = JSON.parse(readFileSync(url, 'utf8'));
  return manifest.version;
}
