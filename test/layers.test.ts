import { readdirSync, readFileSync } from 'node:fs';
import { basename, dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';
import { describe, expect, it } from 'vitest';

const root = fileURLToPath(new URL('..', import.meta.url));

/** The layers from the lowest to the highest. A file imports from its own layer and from lower ones. */
const layers = [
  'contract',
  'base',
  'filelock',
  'zookeeper',
  'core',
  'protocol',
  'ring',
  'journal',
  'shard',
  'engine',
  'config',
  'server',
  'client',
  'page',
  'index.ts',
  'cli',
] as const;

/** Layers that use less than what is below them. */
const narrowLayers: Readonly<Record<string, readonly string[]>> = {
  filelock: ['contract', 'base'],
  zookeeper: ['contract', 'base'],
  client: ['contract', 'base'],
  page: ['contract'],
};

/** Layers whose outcome depends on their arguments alone, and the modules of Node.js that they may use for that. */
const pureLayers: Readonly<Record<string, readonly string[]>> = {
  base: [],
  core: [],
  protocol: ['node:buffer'],
};
const impureGlobals = new Set([
  'Date',
  'performance',
  'process',
  'crypto',
  'console',
  'setTimeout',
  'setInterval',
  'setImmediate',
  'queueMicrotask',
  'fetch',
]);

const lineCountMax = 400;
const meaninglessNames = ['utils', 'util', 'helpers', 'helper', 'common', 'manager', 'misc'];

interface SourceFile {
  readonly path: string;
  readonly layer: string;
  readonly text: string;
  readonly imports: readonly string[];
  /** Those that are left when types are erased. */
  readonly valueImports: readonly string[];
}

function readSource(path: string): SourceFile {
  const text = readFileSync(join(root, path), 'utf8');
  const imports = ts.preProcessFile(text).importedFiles.map(({ fileName }) => fileName);
  const { importedFiles } = ts.preProcessFile(text.replaceAll(/^(import|export) type [^;]*;$/gm, ''));
  const valueImports = importedFiles.map(({ fileName }) => fileName);
  const [top, layer] = path.split('/');
  return { path, text, imports, valueImports, layer: top === 'workers' ? 'workers' : layer! };
}

const sources = ['src', 'workers'].flatMap((folder) =>
  readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.ts'))
    .map((path) => readSource(join(folder, path))),
);
const pathsKnown = new Set(sources.map(({ path }) => path));

/** The paths of the files of this repository among what a file imports. */
function localPaths(source: SourceFile, imports: readonly string[]): readonly string[] {
  return imports
    .filter((name) => name.startsWith('.'))
    .map((name) => relative(root, join(root, dirname(source.path), name)));
}

function layerRank(layer: string): number {
  return (layers as readonly string[]).indexOf(layer);
}

/** The names of what is read from the outside of a pure function: globals and `Math.random`. */
function impureNames(source: SourceFile): readonly string[] {
  const found: string[] = [];
  const visit = (node: ts.Node): void => {
    if (ts.isIdentifier(node) && impureGlobals.has(node.text) && !isMemberName(node)) found.push(node.text);
    if (ts.isPropertyAccessExpression(node) && node.getText() === 'Math.random') found.push('Math.random');
    ts.forEachChild(node, visit);
  };
  visit(ts.createSourceFile(source.path, source.text, ts.ScriptTarget.ESNext, true));
  return found;
}

/** True for the `Date` of `x.Date` and of `{ Date: 1 }`, which are no globals. */
function isMemberName(node: ts.Identifier): boolean {
  const { parent } = node;
  return (
    (ts.isPropertyAccessExpression(parent) && parent.name === node) ||
    (ts.isPropertyAssignment(parent) && parent.name === node)
  );
}

/** A chain of imports that leads from a file back to it, or null. Two types may refer to each other: they are erased. */
function findCycle(): readonly string[] | null {
  const graph = new Map(sources.map((source) => [source.path, localPaths(source, source.valueImports)]));
  const done = new Set<string>();
  const search = (path: string, chain: readonly string[]): readonly string[] | null => {
    if (chain.includes(path)) return [...chain.slice(chain.indexOf(path)), path];
    if (done.has(path)) return null;
    for (const next of graph.get(path) ?? []) {
      const cycle = search(next, [...chain, path]);
      if (cycle !== null) return cycle;
    }
    done.add(path);
    return null;
  };
  for (const path of graph.keys()) {
    const cycle = search(path, []);
    if (cycle !== null) return cycle;
  }
  return null;
}

describe('the layers', () => {
  it('are all there is in src', () => {
    expect(sources.length).toBeGreaterThan(100);
    const strangers = sources.filter(({ layer }) => layer !== 'workers' && layerRank(layer) === -1);
    expect(strangers.map(({ path }) => path)).toStrictEqual([]);
  });

  it('import one way', () => {
    const wrong = sources.flatMap((source) =>
      localPaths(source, source.imports)
        .filter((path) => {
          const target = path.split('/')[1]!;
          if (source.layer === 'workers') return target !== 'shard';
          if (path.startsWith('..') || !path.startsWith('src/')) return true;
          if (target === source.layer) return false;
          const narrow = narrowLayers[source.layer];
          return narrow !== undefined
            ? !narrow.includes(target)
            : layerRank(target) > layerRank(source.layer);
        })
        .map((path) => `${source.path} imports ${path}`),
    );
    expect(wrong).toStrictEqual([]);
  });

  it('import files that exist, by their names', () => {
    const missing = sources.flatMap((source) =>
      localPaths(source, source.imports).filter((path) => !pathsKnown.has(path) && !path.endsWith('.json')),
    );
    expect(missing).toStrictEqual([]);
  });

  it('have no cycles between files', () => {
    expect(findCycle()).toBeNull();
  });
});

describe.each(Object.entries(pureLayers))('the layer %s is pure', (layer, modules) => {
  const files = sources.filter((source) => source.layer === layer && source.path !== 'src/base/clock.ts');

  it('imports nothing from outside of this repository but what it is made of', () => {
    const wrong = files.flatMap(({ path, imports }) =>
      imports
        .filter((name) => !name.startsWith('.') && !modules.includes(name))
        .map((name) => `${path} imports ${name}`),
    );
    expect(wrong).toStrictEqual([]);
  });

  it('reads no clock, no random numbers and no timers', () => {
    const wrong = files.flatMap((source) => impureNames(source).map((name) => `${source.path} uses ${name}`));
    expect(wrong).toStrictEqual([]);
  });
});

describe('files', () => {
  it(`have at most ${lineCountMax} lines`, () => {
    const long = sources.filter(({ text }) => text.split('\n').length > lineCountMax);
    expect(long.map(({ path }) => path)).toStrictEqual([]);
  });

  it('have names that say what they hold', () => {
    const vague = sources.filter(({ path }) => meaninglessNames.includes(basename(path, '.ts')));
    expect(vague.map(({ path }) => path)).toStrictEqual([]);
  });
});
