import { curatorDriver, curatorJars, peers, root } from '../peers.ts';

/** Curator 5.9.0 and 5.4.0, kazoo 2.11.0, kazurator 0.2.0; `node` is this project, in a process of its own. */
export type ForeignProgram = 'curator' | 'curator54' | 'kazoo' | 'kazurator' | 'node';

/** What runs a program, up to the arguments that java/Main.java describes. */
export function driverCommand(program: ForeignProgram): [command: string, args: readonly string[]] {
  if (program === 'kazoo' || program === 'kazurator') {
    return [peers.pythonZooKeeper, [`${root}test/interop/zookeeper/python/driver.py`, program]];
  }
  if (program === 'node') {
    return [process.execPath, [`${root}test/interop/zookeeper/node/driver-worker.mjs`]];
  }
  const version = program === 'curator' ? '5.9.0' : '5.4.0';
  const flags = ['-Xmx128m', '-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1'];
  const log = '-Dorg.slf4j.simpleLogger.defaultLogLevel=warn';
  return ['java', [...flags, log, '-cp', `${curatorDriver(version)}:${curatorJars(version)}/*`, 'Main']];
}
