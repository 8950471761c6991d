import { readFileSync } from 'node:fs';
import { root } from './peers.ts';

/** The code blocks of README.md in each language below the heading, as they are typed. */
export function codeBlocks(heading: string): ReadonlyMap<string, readonly string[]> {
  const [, section = ''] = readFileSync(`${root}README.md`, 'utf8').split(`\n## ${heading}\n`);
  const [text = ''] = section.split(/^## /m);
  const blocks = [...text.matchAll(/^```(\w+)\n(.*?)^```$/gms)];
  const byLanguage = new Map<string, string[]>();
  for (const [, language, code] of blocks) {
    byLanguage.set(language!, [...(byLanguage.get(language!) ?? []), code!]);
  }
  return byLanguage;
}
