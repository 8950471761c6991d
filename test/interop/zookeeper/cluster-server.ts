import { launch, type ServerProcess } from '../server-process.ts';

/** What the zookeeper engine's tests need of a place to keep locks in. */
interface Ensemble {
  readonly connectString: string;
}

export interface ClusterServer {
  readonly server: ServerProcess;
  readonly address: string;
}

/** The flags of a server that keeps its locks there. */
export function engineFlags({ connectString }: Ensemble, ...more: readonly string[]): string[] {
  return ['--engine', 'zookeeper', '--zookeeper_connect', connectString, ...more];
}

/** A server for one test that keeps its locks in an ensemble. */
export function launchOver(ensemble: Ensemble, ...more: readonly string[]): Promise<ClusterServer> {
  return launch(engineFlags(ensemble, ...more));
}
