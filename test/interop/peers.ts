import { fileURLToPath } from 'node:url';

/** The repository's folder, with a slash at its end. */
export const root = fileURLToPath(new URL('../..', import.meta.url));

const cache = process.env['LDLM_INTEROP_CACHE'] ?? `${root}.cache/interop`;

/** Where the programs of others are, once setup.ts has put them there. */
export const peers = {
  cache,
  /** Python with the current client, and with the one of LDLM's older age. */
  python: `${cache}/py-ldlm-1.1.3/bin/python`,
  pythonOld: `${cache}/py-ldlm-1.0.0/bin/python`,
  /** Python with kazoo and kazurator. */
  pythonZooKeeper: `${cache}/kazurator-0.2.0/bin/python`,
  /** Calls a REST API in all the ways that its OpenAPI document has. */
  schemathesis: `${cache}/schemathesis-4.32.5/bin/schemathesis`,
  grpcurl: `${cache}/bin/grpcurl`,
  h2spec: `${cache}/bin/h2spec`,
  /** A caller on grpc-go, from test/interop/go. */
  goCaller: `${cache}/bin/go-caller`,
  /** A project into which setup.ts has installed this package from its tarball, outside of the repository. */
  project: process.env['INTEROP_PROJECT'] ?? '',
} as const;

/** The last Curator, and the last one before its read locks kept the place of the write lock that they came from. */
export const curatorVersions = ['5.9.0', '5.4.0'] as const;

type CuratorVersion = (typeof curatorVersions)[number];

/** The folder of a Curator's jars. */
export const curatorJars = (version: CuratorVersion): string => `${cache}/curator-${version}`;

/** The driver of test/interop/zookeeper/java as it was compiled for this run. */
export const curatorDriver = (version: CuratorVersion, project: string = peers.project): string =>
  `${project}/curator-driver-${version}`;

/** The server program, as whoever installs the package has it. */
export const serverProgram = `${peers.project}/node_modules/ldlm-ts/dist/src/cli/ldlm-server.js`;

/** The variables with which Go keeps what it downloads and builds inside of the cache folder. */
export const goEnv = {
  GOPATH: `${cache}/go`,
  GOCACHE: `${cache}/go-build`,
  GOBIN: `${cache}/bin`,
  // Modules that their owner may remove, and builds that ask nothing of git, which may not trust the folder's owner.
  GOFLAGS: '-modcacherw -buildvcs=false',
} as const;
