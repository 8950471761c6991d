import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './peers.ts';

/** What the Dockerfile says of the image that it makes in its last stage. */
export interface ContainerImage {
  /** The words of ENTRYPOINT, then those of CMD. */
  readonly entry: readonly string[];
  readonly healthCheck: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly user: string;
  readonly stopSignal: string;
  readonly ports: readonly string[];
  /** What is copied from the stages before, as a path below the repository, and where to, as a path in the image. */
  readonly copies: readonly { readonly from: string; readonly to: string }[];
}

/** Reads the Dockerfile, in as much of its syntax as it uses. */
export function readDockerfile(): ContainerImage {
  const text = readFileSync(join(root, 'Dockerfile'), 'utf8')
    .replaceAll(/^#.*\n/gm, '')
    .replaceAll(/\\\n\s*/g, ' ');
  const last = text.slice(text.lastIndexOf('\nFROM '));
  const lines = last.split('\n').map((line) => line.trim());
  const argumentsOf = (instruction: string): string[] =>
    lines
      .filter((line) => line.startsWith(`${instruction} `))
      .map((line) => line.slice(instruction.length + 1));
  const words = (line: string | undefined): string[] =>
    line === undefined ? [] : (JSON.parse(line) as string[]);
  const folder = argumentsOf('WORKDIR')[0]!;
  return {
    entry: [...words(argumentsOf('ENTRYPOINT')[0]), ...words(argumentsOf('CMD')[0])],
    healthCheck: words(/ CMD (\[.*\])/.exec(argumentsOf('HEALTHCHECK')[0]!)![1]),
    env: Object.fromEntries(argumentsOf('ENV').map((line) => line.split('=') as [string, string])),
    user: argumentsOf('USER')[0]!,
    stopSignal: argumentsOf('STOPSIGNAL')[0]!,
    ports: argumentsOf('EXPOSE'),
    copies: argumentsOf('COPY').map((line) => {
      const [, from, to] = /^--from=\w+ \/build\/(\S+) \.\/(\S+)$/.exec(line)!;
      if (!existsSync(join(root, from!)))
        throw new Error(`the Dockerfile copies ${from}, which is not there`);
      return { from: join(root, from!), to: join(folder, to!) };
    }),
  };
}
