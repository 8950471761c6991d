/** A process of the cluster that is killed and started again in the course of the demonstration. */
export interface Restartable {
  readonly name: string;
  readonly kind: 'zookeeper' | 'server';
  /** What it is at the moment beside its name, such as the leader; empty when all of its kind are alike. */
  role(): Promise<string>;
  /** By SIGKILL, so that it can say goodbye to nobody. */
  kill(): Promise<void>;
  /** Starts it with its port and its files, and resolves once it serves. */
  start(): Promise<void>;
}
