import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const run = promisify(execFile);
const ROOT = fileURLToPath(new URL('../../..', import.meta.url));
/** Below the package's directory, so that dependencies are found in its node_modules; ignored by git and by npm. */
const CACHE = join(ROOT, '.cache');

/** The package as it would be published, unpacked. */
export class PackedServer {
  /** The file of the server program. */
  readonly program: string;
  readonly #directory: string;

  private constructor(directory: string) {
    this.#directory = directory;
    this.program = join(directory, 'package/dist/src/cli/ldlm-server.js');
  }

  /** Packs what `npm run build` has made. */
  static async create(): Promise<PackedServer> {
    await mkdir(CACHE, { recursive: true });
    const directory = await mkdtemp(join(CACHE, 'packed-'));
    const options = { cwd: ROOT };
    await run('npm', ['pack', '--ignore-scripts', '--pack-destination', directory], options);
    await run('sh', ['-c', 'tar -xzf *.tgz'], { cwd: directory });
    return new PackedServer(directory);
  }

  async remove(): Promise<void> {
    await rm(this.#directory, { recursive: true });
  }
}
