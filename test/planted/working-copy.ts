import { execFileSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import ts from 'typescript';
import { countPlaces, type PlantedBug, plantBug } from './planted-bug.ts';

const PARTS = ['src', 'test', 'workers', 'protos', 'package.json'];
const PROJECTS = ['tsconfig.build.json', 'tsconfig.page.json'];

/** What tsconfig.json comes to for one file alone. */
const TRANSLATION: ts.CompilerOptions = {
  target: ts.ScriptTarget.ES2023,
  module: ts.ModuleKind.ESNext,
  verbatimModuleSyntax: true,
  rewriteRelativeImportExtensions: true,
};

/** A copy of the repository, with its build, in which bugs are planted one after the other. */
export class WorkingCopy {
  readonly folder = mkdtempSync(join(tmpdir(), 'ldlm-planted-'));

  constructor(root: string) {
    for (const part of [...PARTS, 'tsconfig.json', ...PROJECTS])
      cpSync(join(root, part), join(this.folder, part), { recursive: true });
    symlinkSync(join(root, 'node_modules'), join(this.folder, 'node_modules'));
  }

  /** Some tests run threads or the program, and those run what was built. */
  build(): void {
    const tsc = join(this.folder, 'node_modules/typescript/bin/tsc');
    for (const project of PROJECTS) {
      execFileSync(process.execPath, [tsc, '-p', project], { cwd: this.folder, stdio: 'inherit' });
    }
    const assets = join('src', 'page', 'assets');
    cpSync(join(this.folder, assets), join(this.folder, 'dist', assets), { recursive: true });
  }

  /** Runs `work` with the bug in the source and in the build, and takes it out again. */
  async withBug<T>(bug: PlantedBug, work: () => Promise<T>): Promise<T> {
    const source = readFileSync(join(this.folder, bug.file), 'utf8');
    const places = countPlaces(source, bug);
    if (places !== 1) throw new Error(`its text occurs ${places} times in ${bug.file}`);
    this.#write(bug.file, plantBug(source, bug));
    try {
      return await work();
    } finally {
      this.#write(bug.file, source);
    }
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
  }

  /** One file is translated alone: a whole build for each bug would take most of the time. */
  #write(file: string, source: string): void {
    writeFileSync(join(this.folder, file), source);
    const { outputText, diagnostics } = ts.transpileModule(source, {
      compilerOptions: TRANSLATION,
      fileName: file,
      reportDiagnostics: true,
    });
    const [error] = diagnostics ?? [];
    if (error !== undefined) throw new Error(ts.flattenDiagnosticMessageText(error.messageText, '\n'));
    const built = join(this.folder, 'dist', dirname(file), `${basenameOf(file)}.js`);
    writeFileSync(built, outputText);
  }
}

function basenameOf(file: string): string {
  return file.slice(file.lastIndexOf('/') + 1, -'.ts'.length);
}
