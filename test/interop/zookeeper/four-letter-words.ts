import { connect } from 'node:net';

const answerMsMax = 1_000;

/** Asks a ZooKeeper server on 127.0.0.1 one of its four-letter words; fails when it does not listen or not answer. */
export function ask(port: number, word: string): Promise<string> {
  return new Promise((resolve, reject) => {
    let answer = '';
    const socket = connect(port, '127.0.0.1', () => socket.write(word));
    socket.setEncoding('utf8').on('data', (text: string) => {
      answer += text;
    });
    socket.setTimeout(answerMsMax, () => socket.destroy(new Error(`no answer to ${word}`)));
    socket.on('error', reject).on('close', () => resolve(answer));
  });
}

/** What a server has counted since it started. */
export interface ZooKeeperCounters {
  /** Requests and pings of clients, and four-letter words. */
  readonly packetsReceived: number;
  /** Replies and notifications. */
  readonly packetsSent: number;
  /** Nodes that are there, ZooKeeper's own among them. */
  readonly znodes: number;
  readonly ephemerals: number;
  readonly watches: number;
  readonly connections: number;
  /** Everything that `mntr` tells in numbers, by its name there. */
  readonly all: ReadonlyMap<string, number>;
}

export function parseCounters(mntr: string): ZooKeeperCounters {
  const all = new Map<string, number>();
  for (const line of mntr.split('\n')) {
    const [name, value] = line.split('\t');
    if (value !== undefined && !Number.isNaN(Number(value))) all.set(name!, Number(value));
  }
  const read = (name: string): number => {
    const value = all.get(name);
    if (value === undefined) throw new Error(`no ${name} in: ${mntr}`);
    return value;
  };
  return {
    packetsReceived: read('zk_packets_received'),
    packetsSent: read('zk_packets_sent'),
    znodes: read('zk_znode_count'),
    ephemerals: read('zk_ephemerals_count'),
    watches: read('zk_watch_count'),
    connections: read('zk_num_alive_connections'),
    all,
  };
}
