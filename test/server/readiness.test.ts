import { beforeEach, describe, expect, it } from 'vitest';
import { Readiness } from '../../src/server/readiness.ts';
import { LogLines } from './log-lines.ts';

/** What clients are told, which is nothing but the last that was set. */
class Health {
  serving = false;

  setServing(serving: boolean): void {
    this.serving = serving;
  }
}

const READY = { serving: true, reason: '', failed: false };

let health: Health;
let log: LogLines;
let readiness: Readiness;

beforeEach(() => {
  health = new Health();
  log = new LogLines();
  readiness = new Readiness(health, 'stateFile', log.logger);
});

function unready(reason: string, failed = false) {
  return { serving: false, reason, failed };
}

describe('a server that starts', () => {
  it('is ready when it takes connections', () => {
    expect(readiness.status).toEqual(unready('the server is starting'));
    readiness.started();
    expect(readiness.status).toEqual(READY);
    expect(log.lines).toEqual([]);
  });

  it('is not ready before, whatever shards say', () => {
    readiness.shardHealth(0, false);
    readiness.shardHealth(0, true);
    readiness.shardSuspended(0, false);
    expect(readiness.status).toEqual(unready('the server is starting'));
  });

  it('is not ready then either, while a shard is in trouble', () => {
    readiness.shardHealth(3, false);
    readiness.started();
    expect(readiness.status).toEqual(unready('shard 3 makes no progress'));
    readiness.shardHealth(3, true);
    expect(readiness.status).toEqual(READY);
  });
});

describe('a server that runs', () => {
  beforeEach(() => readiness.started());

  it('is ready again when the last of its shards goes on', () => {
    readiness.shardHealth(1, false);
    readiness.shardHealth(2, false);
    expect(readiness.status).toEqual(unready('shard 1 makes no progress'));
    readiness.shardHealth(1, true);
    expect(readiness.status).toEqual(unready('shard 2 makes no progress'));
    readiness.shardHealth(2, true);
    expect(readiness.status).toEqual(READY);
  });

  it('tells of a shard that stands still before one that has no room', () => {
    readiness.shardSuspended(1, true);
    expect(readiness.status).toEqual(unready('shard 1 has no room to write its state file'));
    readiness.shardHealth(2, false);
    expect(readiness.status).toEqual(unready('shard 2 makes no progress'));
    readiness.shardHealth(2, true);
    expect(readiness.status).toEqual(unready('shard 1 has no room to write its state file'));
    readiness.shardSuspended(1, false);
    expect(readiness.status).toEqual(READY);
  });

  it('does not take a shard for one with room because it goes on', () => {
    readiness.shardSuspended(1, true);
    readiness.shardHealth(1, true);
    expect(readiness.status).toEqual(unready('shard 1 has no room to write its state file'));
  });

  it('logs what troubles its shards, and when it has passed', () => {
    readiness.shardHealth(1, false);
    readiness.shardHealth(1, true);
    readiness.shardSuspended(2, true);
    readiness.shardSuspended(2, false);
    expect(log.lines).toMatchObject([
      { level: 'ERROR', shard: 1, msg: 'shard makes no progress' },
      { level: 'WARN', shard: 1, msg: 'shard works again' },
      { level: 'ERROR', shard: 2, msg: expect.stringContaining('no room to write the state file') },
      { level: 'WARN', shard: 2, msg: 'the state file can be written again' },
    ]);
  });

  it('speaks of ZooKeeper when its locks are there', () => {
    readiness = new Readiness(health, 'ensemble', log.logger);
    readiness.started();
    readiness.shardSuspended(0, true);
    expect(readiness.status).toEqual(unready('ZooKeeper cannot be reached'));
    readiness.shardSuspended(0, false);
    expect(readiness.status).toEqual(READY);
    expect(log.lines).toMatchObject([
      { level: 'ERROR', msg: expect.stringContaining('ZooKeeper cannot be reached') },
      { level: 'WARN', msg: 'ZooKeeper can be reached again' },
    ]);
  });
});

describe('a server that ends', () => {
  beforeEach(() => readiness.started());

  it('says that it stops, and is not made ready again by its shards', () => {
    readiness.shardHealth(1, false);
    readiness.stopping();
    expect(readiness.status).toEqual(unready('the server is shutting down'));
    readiness.shardHealth(1, true);
    expect(readiness.status).toEqual(unready('the server is shutting down'));
  });

  it('leaves it to the stop itself when clients are told', () => {
    readiness.stopping();
    expect(readiness.status).toEqual(READY);
    health.setServing(false);
    expect(readiness.status).toEqual(unready('the server is shutting down'));
  });

  it('has failed for ever when a part of it is lost, and says so rather than that it stops', () => {
    readiness.failed(new Error('shard 4 is lost'));
    readiness.stopping();
    readiness.shardHealth(1, false);
    readiness.shardHealth(1, true);
    readiness.started();
    expect(readiness.status).toEqual(unready('shard 4 is lost', true));
  });

  it('is not made ready by its shards after a failure without a stop', () => {
    readiness.failed(new Error('shard 4 is lost'));
    readiness.shardHealth(4, true);
    expect(readiness.status).toEqual(unready('shard 4 is lost', true));
  });
});
