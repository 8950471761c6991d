import { execFile } from 'node:child_process';
import { existsSync, mkdirSync } from 'node:fs';
import { promisify } from 'node:util';
import { goEnv, peers, root } from './peers.ts';

const run = promisify(execFile);

/** Programs with their versions, so that a run next year meets the same ones. */
const goPrograms = [
  'github.com/fullstorydev/grpcurl/cmd/grpcurl@v1.9.4',
  'github.com/summerwind/h2spec/cmd/h2spec@v2.2.1+incompatible',
] as const;

/**
 * Brings the programs that the suites talk to from their registries, where they are not there yet. A program that
 * cannot be had fails the run: no suite is passed over.
 */
export default async function setup(): Promise<void> {
  mkdirSync(`${peers.cache}/bin`, { recursive: true });
  await Promise.all([installPython(), installGo()]);
}

async function installPython(): Promise<void> {
  for (const version of ['1.1.3', '1.0.0']) {
    const venv = `${peers.cache}/py-ldlm-${version}`;
    // Written last, so that an installation that was broken off is done anew.
    const done = `${venv}/bin/ldlm-installed`;
    if (existsSync(done)) continue;
    await run('python3', ['-m', 'venv', '--clear', venv]);
    await run(`${venv}/bin/python`, ['-m', 'pip', 'install', '--quiet', `py-ldlm==${version}`]);
    await run('touch', [done]);
  }
}

async function installGo(): Promise<void> {
  const env = { ...process.env, ...goEnv };
  for (const program of goPrograms) {
    const name = program.slice(program.lastIndexOf('/') + 1, program.indexOf('@'));
    if (!existsSync(`${goEnv.GOBIN}/${name}`)) await run('go', ['install', program], { env });
  }
  await run('go', ['build', '-o', peers.goCaller, '.'], { env, cwd: `${root}test/interop/go` });
}
