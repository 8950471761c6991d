import { readFileSync } from 'node:fs';
import { type DescriptorFile, readDescriptorSet } from './descriptor-file.ts';
import { findProtosPath } from './proto-files.ts';

/**
 * The descriptors of the package's .proto files, made by protoc. proto-loader's own are no use to clients: they
 * lack the presence of `optional` fields and name neither files nor types as the .proto files do.
 *
 * @throws ProtoFilesError
 */
export function loadDescriptorPool(): DescriptorPool {
  return new DescriptorPool(readDescriptorSet(readFileSync(findProtosPath('services.binpb'))));
}

/** Compiled .proto files, and where to find what in them. */
export class DescriptorPool {
  /** The full names of the services, sorted. */
  readonly services: readonly string[];
  readonly #files = new Map<string, DescriptorFile>();
  readonly #bySymbol = new Map<string, DescriptorFile>();

  /** @param only the services that are told of; all that the files declare when absent. */
  constructor(files: Iterable<DescriptorFile>, only?: readonly string[]) {
    const services: string[] = [];
    for (const file of files) {
      this.#files.set(file.name, file);
      for (const [symbol, kind] of file.symbols) {
        this.#bySymbol.set(symbol, file);
        if (kind === 'service' && only?.includes(symbol) !== false) services.push(symbol);
      }
    }
    this.services = services.sort();
  }

  /** The part of it that a listener needs which has these services: the files that declare them, and their imports. */
  restrictedTo(services: readonly string[]): DescriptorPool {
    const files = new Set<DescriptorFile>();
    for (const service of services) {
      const file = this.fileOfSymbol(service);
      if (file !== null) for (const needed of this.withImports(file, files)) files.add(needed);
    }
    return new DescriptorPool(files, services);
  }

  file(name: string): DescriptorFile | null {
    return this.#files.get(name) ?? null;
  }

  /** The file that declares a service, a method, a message, a field, a oneof, an enum or one of its values. */
  fileOfSymbol(symbol: string): DescriptorFile | null {
    return this.#bySymbol.get(symbol) ?? null;
  }

  isMessage(symbol: string): boolean {
    return this.#bySymbol.get(symbol)?.symbols.get(symbol) === 'message';
  }

  /** The file, and behind it all that it imports, directly or not, but for those in `except`. */
  withImports(file: DescriptorFile, except: ReadonlySet<DescriptorFile>): DescriptorFile[] {
    const found = new Set([file]);
    // A Set goes on to what is added while it is walked over.
    for (const { imports } of found) {
      for (const name of imports) {
        const imported = this.#files.get(name);
        if (imported !== undefined && !except.has(imported)) found.add(imported);
      }
    }
    return [...found];
  }
}
