import { execFile } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { curatorDriver, curatorJars, curatorVersions, goEnv, peers, root } from './peers.ts';

const run = promisify(execFile);

/** Programs with their versions, so that a run next year meets the same ones. */
const goPrograms = [
  'github.com/fullstorydev/grpcurl/cmd/grpcurl@v1.9.4',
  'github.com/summerwind/h2spec/cmd/h2spec@v2.2.1+incompatible',
] as const;

/**
 * Brings the programs that the suites talk to from their registries, where they are not there yet, and installs this
 * package as its users do. A program that cannot be had fails the run: no suite is passed over.
 */
export default async function setup(): Promise<() => void> {
  mkdirSync(`${peers.cache}/bin`, { recursive: true });
  // Not below the repository, whose node_modules and tsconfig.json would be found there.
  const project = mkdtempSync(join(tmpdir(), 'ldlm-interop-'));
  // Some tests run what is installed there as another user.
  chmodSync(project, 0o755);
  // The processes that run the suites inherit it.
  process.env['INTEROP_PROJECT'] = project;
  await Promise.all([installPython(), installGo(), installCurator(project), installPackage(project)]);
  return () => rmSync(project, { recursive: true, force: true });
}

/** What is installed from PyPI, each in an environment of its own, and what with it. */
const pythonPackages = [
  ['py-ldlm', '1.1.3'],
  ['py-ldlm', '1.0.0'],
  ['schemathesis', '4.32.5'],
  ['kazurator', '0.2.0', 'kazoo==2.11.0'],
] as const;

async function installPython(): Promise<void> {
  for (const [name, version, ...others] of pythonPackages) {
    const venv = `${peers.cache}/${name}-${version}`;
    // Written last, so that an installation that was broken off is done anew.
    const done = `${venv}/bin/ldlm-installed`;
    if (existsSync(done)) continue;
    await run('python3', ['-m', 'venv', '--clear', venv]);
    await run(`${venv}/bin/python`, ['-m', 'pip', 'install', '--quiet', `${name}==${version}`, ...others]);
    writeFileSync(done, '');
  }
}

async function installGo(): Promise<void> {
  const env = { ...process.env, ...goEnv };
  for (const program of goPrograms) {
    // The version is in the name, so that a change of it is not passed over.
    const [path, version] = program.split('@');
    const done = `${goEnv.GOBIN}/${path!.replaceAll('/', '-')}-${version}`;
    if (existsSync(done)) continue;
    await run('go', ['install', program], { env });
    writeFileSync(done, '');
  }
  await run('go', ['build', '-o', peers.goCaller, '.'], { env, cwd: `${root}test/interop/go` });
}

/** Brings the jars of each Curator, and compiles the driver of its locks against them. */
async function installCurator(project: string): Promise<void> {
  const java = `${root}test/interop/zookeeper/java`;
  const lockPaths = 'org/apache/curator/framework/recipes/locks/LockPaths.java';
  const sources = ['Main.java', 'Locks.java', 'Counts.java', lockPaths];
  for (const version of curatorVersions) {
    const jars = curatorJars(version);
    const done = `${jars}/ldlm-installed`;
    if (!existsSync(done)) {
      const settings = [`-Dmaven.repo.local=${peers.cache}/maven`, `-Dcurator.version=${version}`];
      const goal = ['dependency:copy-dependencies', `-DoutputDirectory=${jars}`];
      await run('mvn', ['--quiet', '--batch-mode', ...settings, ...goal], { cwd: java });
      writeFileSync(done, '');
    }
    await run('javac', ['-nowarn', '-d', curatorDriver(version, project), '-cp', `${jars}/*`, ...sources], {
      cwd: java,
    });
  }
}

/** Packs what was built and installs it into a new project, together with what the package's users have beside it. */
async function installPackage(project: string): Promise<void> {
  const manifest = '{ "name": "user-of-ldlm-ts", "private": true, "type": "module" }\n';
  writeFileSync(join(project, 'package.json'), manifest);
  const { stdout } = await run('npm', ['pack', '--json', '--pack-destination', project], { cwd: root });
  const [{ filename }] = JSON.parse(stdout) as [{ filename: string }];
  const packages = [
    `./${filename}`,
    '@grpc/grpc-js',
    '@grpc/proto-loader',
    'typescript@6.0.3',
    '@types/node@20',
  ];
  await run('npm', ['install', '--no-audit', '--no-fund', '--ignore-scripts', ...packages], { cwd: project });
}
