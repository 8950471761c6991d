import { LdlmServerError } from '../contract/server-error.ts';

const KiB = 1024;
const MiB = 1024 * KiB;

/**
 * Every limit on what a client can make grow. What a user sets stands in src/config; what code relies on stands here,
 * and the relations between the numbers are asserted when this file is loaded.
 */
export const Limits = {
  /** The longest lock name, in bytes of UTF-8. One byte is the shortest. */
  nameBytesMax: 64 * KiB,
  /** The longest key that Unlock and Renew look at. Keys that the server makes have 36 bytes. */
  keyBytesMax: 256,
  /** The longest holder text. */
  holderBytesMax: 256,
  /** The shortest and the longest request id: long enough to be unique, short enough to be remembered. */
  requestIdBytesMin: 8,
  requestIdBytesMax: 64,
  /** For how long a released request id is remembered, in milliseconds, and how many of them a shard remembers. */
  requestMemoryMs: 60_000,
  requestMemoryCountMax: 100_000,
  /** A lock that a restart has brought back runs on for at least this long, or its own timeout, in milliseconds. */
  restoredGraceMs: 10_000,

  /**
   * Locks that a shard keeps, idle ones included, and holders and waiters of them all. A shard counts on its own: a
   * server of eight shards keeps up to eight times as many, unless its names fall to few of them.
   */
  locksPerShardMax: 8 * MiB,
  claimsPerShardMax: 16 * MiB,
  /** Bytes of text that a shard keeps: names, holder texts, and the request ids of claims and of the memory above. */
  textBytesPerShardMax: 1024 * MiB,

  /**
   * Holders and waiters that a server keeps in ZooKeeper, and requests that it has under way there: so few that they are answered
   * in a part of a session's time, for among them are those by which it lives.
   */
  zookeeperClaimsMax: 64 * KiB,
  zookeeperRequestsMax: 16 * KiB,
  /** Holders and waiters of one lock in ZooKeeper, over all servers: the list of them has to fit a packet of 1 MiB. */
  zookeeperContendersMax: 12_000,
  /** Nodes of locks in ZooKeeper whose sizes a server keeps in mind. */
  zookeeperBasesMax: 16 * KiB,
  /** The longest request to ZooKeeper. Servers close the connection at more than their jute.maxbuffer, which is this by default. */
  zookeeperRequestBytesMax: MiB - 1,
  /** The longest reply from it, whose own limit is 1 MiB unless it is set otherwise, and the texts in one list of a reply. */
  zookeeperReplyBytesMax: 64 * MiB,
  zookeeperListedMax: 1_000_000,
  /** Paths of watches that are armed by one request, in bytes. One that is longer by itself has a request of its own. */
  zookeeperArmedBytesMax: 128 * KiB,
  /** Nodes that one waiter in ZooKeeper watches. */
  zookeeperWatchedMax: 32,
  /** Names of longer nodes are hashed: their lists would not fit a packet. */
  zookeeperNodeCharactersMax: 200,
  /** The longest text at another program's node that is shown. */
  zookeeperTextCharactersMax: 64,
  /** A buffer for replies that has grown beyond this is not kept. */
  zookeeperRepliesBytesKept: MiB,

  /** The longest gRPC message, as LDLM has it. */
  messageBytesMax: 4 * MiB,
  /** The longest message that travels to a shard as it is; a longer one is stripped of its unknown fields first. */
  recordBodyBytesMax: 128 * KiB,
  /** The size of each ring between the main thread and a shard. A power of two. */
  ringBytes: MiB,
  /** Session releases, collection and expiry go on in slices of this many claims or locks, so that no turn is long. */
  sliceCount: 1024,

  /** SETTINGS_MAX_FRAME_SIZE: the longest frame payload that we accept. The smallest that RFC 9113 section 6.5.2 allows. */
  frameBytesMax: 16 * KiB,
  /** SETTINGS_MAX_HEADER_LIST_SIZE, counted as in RFC 9113 section 6.5.2, and the longest compressed header block. */
  headerListBytesMax: 64 * KiB,
  headerBlockBytesMax: 64 * KiB,
  /** Frames that a header block may come in: one of the longest length in frames of 1 KiB. */
  headerBlockFramesMax: 64,
  /** SETTINGS_HEADER_TABLE_SIZE: the dynamic table of the peer's encoder. The default of RFC 9113. */
  headerTableBytesMax: 4 * KiB,
  /** The longest value of a header field that is kept: a few heads live as long as their connection. */
  headerValueBytesMax: KiB,
  /** The same for `authorization`, and so the longest password. */
  authorizationBytesMax: 4 * KiB,
  /** SETTINGS_MAX_CONCURRENT_STREAMS. */
  streamsMax: 20_000,
  /** Frames that ask for nothing that a peer may send at once, see `FloodGuard`: above all, it may reset all of its streams. */
  floodTokensMax: 24_000,
  /** Lock calls of one connection that may wait; the rest of the streams stays free, so that an Unlock always finds one. */
  waitersPerConnectionMax: 16_000,
  /** Window that we grant each stream and the whole connection, in bytes. */
  streamWindowBytes: 64 * KiB - 1,
  connectionWindowBytes: MiB,
  /** Request bytes of half-received messages that a connection may hold; the message that asks for more is refused. */
  connectionAssemblyBytesMax: 8 * MiB,
  /** The same for all connections together; beyond it the message that asks for more is refused. */
  assemblyBytesMax: 32 * MiB,
  /**
   * So much of it a connection holds without a share in that of all: the longest name and what goes with it. So a few
   * peers that use that up do not lock out others, whose requests come in two pieces now and then.
   */
  connectionAssemblyBytesFree: 68 * KiB,
  /** For how long a message may stand half received without a further byte, in milliseconds. */
  halfReceivedMsMax: 30_000,
  /** With more streams open than this, an answer that could wait for the end of its request does not: it takes memory. */
  waitingAnswersMax: 256,

  /** Connections at a time; one more is refused at once. */
  connectionsMax: 65_536,
  /** Connections that may come at once: all clients of a large fleet, after a restart. */
  newcomersBurst: 12_288,
  /** Connections per second that may come when so many came at once; others are turned away. */
  newcomersPerSecond: 1_024,
  /** A connection that ends because its peer broke the protocol counts as so many more newcomers. */
  newcomersPerFailure: 32,
  /** Sessions that have ended and that a shard, or the log, still knows: what comes late is recognised by them. */
  endedSessionsPerShardMax: 4_096,
  endedSessionsLoggedMax: 1_024,
  /** Output waiting for a peer: beyond the first its requests are no longer read, beyond the second it is cut off. */
  outputBytesPause: 256 * KiB,
  outputBytesMax: 16 * MiB,
  /** For how long a peer may leave its replies unread while paused, in milliseconds. */
  outputStalledMsMax: 20_000,
  /** For how long a TLS handshake or the HTTP/2 preface may take, in milliseconds. */
  handshakeMsMax: 10_000,
  /** Calls that watch the server's health at a time. It needs no password, so what it may cost is bounded. */
  healthWatchersMax: 1_000,

  /** Locks on one page of a listing, and rows of the lock table that a shard looks at in one turn for it. */
  pageSizeMax: 1_000,
  inspectedRowsMax: 256,
  /** Holders and waiters of one lock that a listing names, of holders those that were granted it last; the rest is counted. */
  listedClaimsMax: 100,
  /** Inspections in progress at a time, and watches. */
  inspectionsMax: 256,
  watchesMax: 64,
  /**
   * Characters that a shard may have sent to a watch and that its listener has not taken, and characters of events that
   * it keeps for it meanwhile. One event may exceed either: that of the longest name, each byte of it escaped.
   */
  watchCreditCharacters: 64 * KiB,
  watchGatheredCharactersMax: 128 * KiB,
  /** Events per second of one shard that a watch is told; of more it is told their number, and a new snapshot. */
  watchEventsPerSecond: 10_000,
  /** Bytes that a watcher may leave unread: beyond the first its watch is paused, below the second it goes on. */
  watchBacklogBytesPause: 128 * KiB,
  watchBacklogBytesResume: 32 * KiB,
  /** Steps of a watch that may wait to be put into bytes; with more it is paused. */
  watchWaitingStepsPause: 2_000,
  /** Connections at a time on the operator's socket. */
  ipcConnectionsMax: 256,
  /** Dashboards that are fed at a time; each has a watch. */
  eventStreamsMax: 16,
  /**
   * What waits for one that does not read: beyond this its watch is paused, beyond `outputBytesMax` it is cut off. The
   * locks below fit in, so that a slow line gets the whole snapshot before it misses anything.
   */
  eventStreamBytesPause: 8 * MiB,
  /** Steps of a watch go to a dashboard in messages of about this many characters. */
  eventCharactersMax: 16 * KiB,
  /** Changes of locks per second that a dashboard is told, and for how long, in ms, it is told none when there are more. */
  eventsPerSecondMax: 5_000,
  eventsPauseMs: 2_000,
  /** Locks of which a dashboard is told one by one. */
  shownLocksMax: 20_000,
  /** REST sessions at a time; one more is refused. */
  restSessionsMax: 65_536,
  /** Body of a REST request: the longest name, each byte of it escaped, and what goes with it. */
  restBodyBytesMax: 512 * KiB,
  /** For how long a REST request may take to arrive, in milliseconds. */
  restRequestMsMax: 30_000,
  /** Head of a REST request, as of a gRPC one: the longest password, and a path or a cookie beside it. */
  restHeadBytesMax: 64 * KiB,
  /** What has come of all REST bodies that are not complete; the request that brings more is refused. */
  restBodiesBytesMax: 32 * MiB,
  /** Lock operations over REST in progress at a time, above all long polls: each takes about 10 KiB. One more is refused. */
  restCallsMax: 16_384,
  /** The same for one session, so that a single one does not lock out all others. */
  restCallsPerSessionMax: 1_024,
  /** Of those, long polls: the rest stays free, so that an Unlock or a Renew always finds a place. */
  restWaitersMax: 15_000,
  restWaitersPerSessionMax: 1_000,
  /** Requests over REST that wait for room in the ring of their shard; one more is refused. */
  restQueuedMax: 4_096,
  /** Streams of one HTTP/2 connection over REST: as many as a session may have calls. */
  restStreamsMax: 1_024,
  /** For how long a REST connection stays open without a request, in milliseconds. */
  restKeepAliveMs: 75_000,
  /** For how long a client may leave answers unread, in milliseconds: then its connection ends, over HTTP/2 the stream. */
  restStalledMsMax: 60_000,

  /** Connections to the admin listener at a time, over all of its addresses; one more is turned away. */
  adminConnectionsMax: 256,
  /** The head of a request to it, in bytes: Node.js's own limit. Longer names of locks go into bodies. */
  adminHeadBytesMax: 16 * KiB,
  /** Body of a request to it: the longest name, each byte of it escaped, and what goes with it. */
  adminBodyBytesMax: 512 * KiB,
  /** For how long the head of a request to it, and all of it, may take to arrive, in milliseconds. */
  adminHeadMsMax: 5_000,
  adminRequestMsMax: 10_000,
} as const;

/** Thrown while loading when two limits contradict each other: a mistake in this file, not in its use. */
export class LimitsContradictError extends LdlmServerError {
  constructor(relation: string) {
    super('LDLM_LIMITS_CONTRADICT', `limits contradict each other: ${relation} does not hold`);
  }
}

function assertRelation(holds: boolean, relation: string): void {
  if (!holds) throw new LimitsContradictError(relation);
}

const L = Limits;
assertRelation(
  L.zookeeperArmedBytesMax + KiB <= L.zookeeperRequestBytesMax,
  'zookeeperArmedBytesMax and what goes with it fit zookeeperRequestBytesMax',
);
// A text in a list has four bytes at least: its length.
assertRelation(
  L.zookeeperListedMax * 4 <= L.zookeeperReplyBytesMax,
  'zookeeperListedMax * 4 <= zookeeperReplyBytesMax',
);
// What stands in the queue of a lock is told by its list, and that is a reply.
assertRelation(
  L.zookeeperContendersMax <= L.zookeeperListedMax,
  'zookeeperContendersMax <= zookeeperListedMax',
);
assertRelation((L.ringBytes & (L.ringBytes - 1)) === 0, 'ringBytes is a power of two');
// A record is contiguous, so in the worst case as much again is skipped at the ring's end.
assertRelation(L.recordBodyBytesMax * 4 <= L.ringBytes, 'recordBodyBytesMax * 4 <= ringBytes');
// The message with the longest name, key, holder and request id must fit once unknown fields are stripped.
assertRelation(
  L.nameBytesMax + L.keyBytesMax + L.holderBytesMax + L.requestIdBytesMax + KiB <= L.recordBodyBytesMax,
  'the longest fields fit recordBodyBytesMax',
);
assertRelation(L.streamsMax <= L.floodTokensMax, 'streamsMax <= floodTokensMax');
assertRelation(L.waitersPerConnectionMax < L.streamsMax, 'waitersPerConnectionMax < streamsMax');
assertRelation(
  L.frameBytesMax >= 16_384 && L.frameBytesMax < 2 ** 24,
  'RFC 9113 6.5.2 SETTINGS_MAX_FRAME_SIZE',
);
assertRelation(
  L.messageBytesMax <= L.connectionAssemblyBytesMax,
  'messageBytesMax <= connectionAssemblyBytesMax',
);
assertRelation(
  L.connectionAssemblyBytesMax <= L.assemblyBytesMax,
  'connectionAssemblyBytesMax <= assemblyBytesMax',
);
assertRelation(
  L.nameBytesMax + L.keyBytesMax + L.holderBytesMax + L.requestIdBytesMax + KiB <=
    L.connectionAssemblyBytesFree,
  'the longest fields fit connectionAssemblyBytesFree',
);
assertRelation(L.waitingAnswersMax < L.streamsMax, 'waitingAnswersMax < streamsMax');
// The whole header of a call with the longest password must be accepted: the other fields have room beside it.
assertRelation(
  L.authorizationBytesMax + 8 * L.headerValueBytesMax <= L.headerListBytesMax,
  'authorizationBytesMax + 8 * headerValueBytesMax <= headerListBytesMax',
);
assertRelation(L.eventStreamBytesPause < L.outputBytesMax, 'eventStreamBytesPause < outputBytesMax');
// About as many bytes as a lock with one holder takes in a snapshot.
assertRelation(
  L.shownLocksMax * 400 <= L.eventStreamBytesPause,
  'shownLocksMax * 400 <= eventStreamBytesPause',
);
// Dashboards do not use up the watches that others may want.
assertRelation(L.eventStreamsMax < L.watchesMax, 'eventStreamsMax < watchesMax');
assertRelation(L.nameBytesMax * 6 < L.restBodyBytesMax, 'nameBytesMax * 6 < restBodyBytesMax');
assertRelation(L.restBodyBytesMax <= L.restBodiesBytesMax, 'restBodyBytesMax <= restBodiesBytesMax');
assertRelation(L.restCallsPerSessionMax < L.restCallsMax, 'restCallsPerSessionMax < restCallsMax');
assertRelation(L.restWaitersMax < L.restCallsMax, 'restWaitersMax < restCallsMax');
assertRelation(
  L.restWaitersPerSessionMax < L.restCallsPerSessionMax,
  'restWaitersPerSessionMax < restCallsPerSessionMax',
);
// A session with all of its long polls on one connection has streams for the rest of its calls, too.
assertRelation(L.restWaitersPerSessionMax < L.restStreamsMax, 'restWaitersPerSessionMax < restStreamsMax');
assertRelation(L.restWaitersPerSessionMax < L.restWaitersMax, 'restWaitersPerSessionMax < restWaitersMax');
assertRelation(L.restStreamsMax <= L.restCallsPerSessionMax, 'restStreamsMax <= restCallsPerSessionMax');
assertRelation(
  L.authorizationBytesMax * 2 < L.restHeadBytesMax,
  'authorizationBytesMax * 2 < restHeadBytesMax',
);
assertRelation(L.nameBytesMax * 6 < L.adminBodyBytesMax, 'nameBytesMax * 6 < adminBodyBytesMax');
assertRelation(L.adminHeadMsMax <= L.adminRequestMsMax, 'adminHeadMsMax <= adminRequestMsMax');
assertRelation(L.outputBytesPause < L.outputBytesMax, 'outputBytesPause < outputBytesMax');
// A watch is paused before its connection is: a watcher may still cancel it, or call something else.
assertRelation(
  L.watchBacklogBytesResume < L.watchBacklogBytesPause && L.watchBacklogBytesPause < L.outputBytesPause,
  'watchBacklogBytesResume < watchBacklogBytesPause < outputBytesPause',
);
// All waiters of a connection may be granted at once while it does not read: their replies (short names) must fit.
assertRelation(
  L.waitersPerConnectionMax * 256 <= L.outputBytesMax,
  'waitersPerConnectionMax * 256 <= outputBytesMax',
);
