import type { OptionRow } from './option-table.ts';

const hourMs = 3_600_000;

/** The options of an engine that keeps its locks in ZooKeeper. */
export const zookeeperOptionRows = [
  {
    name: 'engine',
    field: 'engine',
    kind: { type: 'choice', choices: ['embedded', 'zookeeper'] },
    default: 'embedded',
    group: 'ZooKeeper',
    help: 'Where the locks are: embedded in this server, or zookeeper',
  },
  {
    name: 'zookeeper_connect',
    field: 'zookeeperConnect',
    kind: { type: 'text' },
    default: '',
    group: 'ZooKeeper',
    help: 'The ensemble, as host1:2181,host2:2181/chroot',
  },
  {
    name: 'zookeeper_session_timeout',
    field: 'zookeeperSessionTimeoutMs',
    kind: { type: 'duration', minMs: 1_000, maxMs: hourMs },
    default: '10s',
    group: 'ZooKeeper',
    help: 'How long the locks of a server that is gone stay held',
  },
  {
    name: 'zookeeper_session_file',
    field: 'zookeeperSessionFile',
    kind: { type: 'path' },
    default: '',
    group: 'ZooKeeper',
    help: 'File by which the next server goes on with the locks of one that stops',
  },
  {
    name: 'zookeeper_path_map',
    field: 'zookeeperPathMap',
    kind: { type: 'text' },
    default: '',
    group: 'ZooKeeper',
    help: 'Locks that others use: name=/path:mutex|rw|semaphore, with commas',
  },
  {
    name: 'zookeeper_auth',
    field: 'zookeeperAuth',
    kind: { type: 'secret', bytesMax: 1024 },
    default: '',
    group: 'ZooKeeper',
    help: 'What the server shows to the ensemble, as digest:user:password',
  },
  {
    name: 'zookeeper_acl',
    field: 'zookeeperAcl',
    kind: { type: 'choice', choices: ['open', 'creator'] },
    default: 'open',
    group: 'ZooKeeper',
    help: 'Who may use the nodes: anybody, or those with the same zookeeper_auth',
  },
  {
    name: 'zookeeper_tls_ca',
    field: 'zookeeperTlsCaFile',
    kind: { type: 'path' },
    default: '',
    group: 'ZooKeeper',
    help: "PEM file with the CA of the ensemble's certificates; turns TLS to it on",
  },
  {
    name: 'zookeeper_tls_cert',
    field: 'zookeeperTlsCertFile',
    kind: { type: 'path' },
    default: '',
    group: 'ZooKeeper',
    help: 'PEM file with the certificate that the server shows to the ensemble',
  },
  {
    name: 'zookeeper_tls_key',
    field: 'zookeeperTlsKeyFile',
    kind: { type: 'path' },
    default: '',
    group: 'ZooKeeper',
    help: 'PEM file with its private key',
  },
] as const satisfies readonly OptionRow[];
