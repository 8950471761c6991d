import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import type { ContainerImage } from './container-image.ts';

/** The image's own user has no name outside of it; any number but root's does as well. */
const NOBODY = '65534';
const AS_NOBODY = [
  'setpriv',
  `--reuid=${NOBODY}`,
  `--regid=${NOBODY}`,
  '--clear-groups',
  '--no-new-privs',
  '--inh-caps=-all',
  '--bounding-set=-all',
];
const READY = /gRPC server started\. Listening on (?<address>[^"\s]+)/;

/**
 * A server as a container engine would run it, made of namespaces alone: process 1, unprivileged, with a file tree in
 * which the image's files lie where the Dockerfile puts them, and with the image's environment. As root only.
 */
export class Container {
  /** The exit code, null when a signal ended it. */
  readonly ended: Promise<number | null>;
  readonly #outer: ChildProcess;
  readonly #env: Readonly<Record<string, string>>;
  #log = '';

  /** `env` goes before the image's, as with `docker run -e`. */
  constructor(image: ContainerImage, args: readonly string[], env: Readonly<Record<string, string>>) {
    const path = '/usr/local/bin:/usr/bin:/bin';
    this.#env = { PATH: path, HOME: '/', ...image.env, LDLM_SHARDS: '2', ...env };
    const namespaces = ['--pid', '--mount', '--ipc', '--uts', '--fork'];
    const entry = [...AS_NOBODY, ...image.entry, ...args];
    this.#outer = spawn('unshare', [...namespaces, 'sh', '-ec', fileTree(image), 'sh', ...entry], {
      env: this.#env,
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    this.#outer.stderr!.setEncoding('utf8').on('data', (text: string) => {
      this.#log += text;
    });
    this.ended = once(this.#outer, 'close').then(([code]) => code as number | null);
  }

  get log(): string {
    return this.#log;
  }

  /** The number of process 1 as it is seen from outside. */
  get pid(): number {
    const { pid } = this.#outer;
    const child = Number(readFileSync(`/proc/${pid}/task/${pid}/children`, 'latin1').trim());
    // To signal 0 would be to signal ourselves.
    if (!(child > 1)) throw new Error(`the container has no process: ${this.#log}`);
    return child;
  }

  /** Waits until it serves, and returns the address. */
  async ready(): Promise<string> {
    for (let waitedMs = 0; waitedMs < 20_000; waitedMs += 20) {
      const address = READY.exec(this.#log)?.groups?.['address'];
      if (address !== undefined) return address;
      if (this.#outer.exitCode !== null) break;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    throw new Error(`the container does not serve: ${this.#log}`);
  }

  /** Sends a signal from outside, as an engine does. */
  signal(signal: NodeJS.Signals): void {
    process.kill(this.pid, signal);
  }

  /** A field of the status of process 1. */
  status(field: string): string {
    const status = readFileSync(`/proc/${this.pid}/status`, 'latin1');
    return new RegExp(`^${field}:\\s*(.*)$`, 'm').exec(status)![1]!;
  }

  /** The states of the children of process 1: Z for one that has ended and that nobody has asked for its end. */
  childStates(): string[] {
    const states: string[] = [];
    for (const name of readdirSync('/proc').filter((entry) => /^\d+$/.test(entry))) {
      try {
        const stat = readFileSync(`/proc/${name}/stat`, 'latin1');
        const [state, parent] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
        if (Number(parent) === this.pid) states.push(state!);
      } catch {
        // It has ended meanwhile.
      }
    }
    return states;
  }

  /** Runs a program in it, as `docker exec` does, and returns its exit code and what it wrote to stderr. */
  async exec(
    words: readonly string[],
    env: Readonly<Record<string, string>> = {},
  ): Promise<{ readonly code: number | null; readonly stderr: string }> {
    const inside = ['--target', String(this.pid), '--pid', '--mount', '--ipc', '--uts', '--'];
    const child = spawn('nsenter', [...inside, ...AS_NOBODY, ...words], {
      env: { ...this.#env, ...env },
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    let stderr = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      stderr += text;
    });
    const [code] = (await once(child, 'close')) as [number | null];
    return { code, stderr };
  }

  /** Ends it, however it is. */
  async destroy(): Promise<void> {
    // With process 1 goes all that is in its namespaces.
    if (this.#outer.exitCode === null && this.#outer.signalCode === null) this.signal('SIGKILL');
    await this.ended;
  }
}

/** The commands that make the file tree, and then run what they are given. */
function fileTree({ copies }: ContainerImage): string {
  const node = '/usr/local/bin/node';
  const binds = [...copies.map(({ from, to }) => bind(from, to)), bind(process.execPath, node)];
  return [
    'mount --make-rprivate /',
    // What is bound may lie below what is covered next, so it is brought to a side first.
    'mkdir -p /mnt && mount -t tmpfs tmpfs /mnt && mkdir /mnt/root',
    ...binds.map((command) => command.replaceAll('@', '/mnt/root')),
    'mount -t tmpfs tmpfs /opt && mkdir /opt/ldlm && mount --rbind /mnt/root/opt/ldlm /opt/ldlm',
    'mount --rbind /mnt/root/usr/local/bin /usr/local/bin',
    'mount -t tmpfs -o mode=1777 tmpfs /tmp',
    'mount -t proc proc /proc',
    'cd /opt/ldlm',
    'exec "$@"',
  ].join('\n');
}

function bind(from: string, to: string): string {
  const make = `[ -d '${from}' ] && mkdir -p '@${to}' || { mkdir -p '@${dirname(to)}' && touch '@${to}'; }`;
  return `${make}\nmount --bind "$(readlink -f '${from}')" '@${to}'`;
}
