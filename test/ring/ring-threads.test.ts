import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { describe, expect, it } from 'vitest';
import { BellListener, createBellMemory } from '../../src/ring/bell.ts';
import { createRingMemory } from '../../src/ring/ring-layout.ts';
import { RingReader } from '../../src/ring/ring-reader.ts';
import { RingWriter } from '../../src/ring/ring-writer.ts';
import { Requester } from './requester.mjs';

/** Each goes there and back. */
const RECORDS = 5_000_000;
/** A lost wake-up costs a whole sleep of 20 s; no scheduling takes so long. */
const SLEEP_MS_MAX = 10_000;

interface SideReport {
  readonly fault: string | null;
  readonly received: number;
  readonly sleeps: number;
  readonly longestSleepMs: number;
}

function openMemories(dataBytes: number) {
  return {
    requestMemory: createRingMemory(dataBytes),
    replyMemory: createRingMemory(dataBytes),
    bellMemory: createBellMemory(),
  };
}

function startSide(file: string, workerData: object): Worker {
  return new Worker(new URL(file, import.meta.url), { workerData });
}

function expectClean(report: SideReport): void {
  expect(report.fault).toBeNull();
  expect(report.received).toBe(RECORDS);
  expect(report.sleeps).toBeGreaterThan(0);
  expect(report.longestSleepMs).toBeLessThan(SLEEP_MS_MAX);
}

describe('two rings between two threads', () => {
  it('carry every byte there and back while both sides block', { timeout: 120_000 }, async () => {
    const data = { ...openMemories(16 * 1024), records: RECORDS, seed: 20_381 };
    const sides = [startSide('echo-worker.mjs', data), startSide('blocking-worker.mjs', data)];
    const reports = await Promise.all(sides.map((side) => once(side, 'message')));
    for (const [report] of reports as SideReport[][]) expectClean(report!);
    await Promise.all(sides.map((side) => side.terminate()));
  });

  it('carry every byte there and back while one side sleeps in its event loop', {
    timeout: 120_000,
  }, async () => {
    const memories = openMemories(64 * 1024);
    const side = startSide('echo-worker.mjs', { ...memories, records: RECORDS, seed: 47 });
    const requests = new RingWriter(memories.requestMemory);
    const replies = new RingReader(memories.replyMemory);
    const requester = new Requester(requests, replies, RECORDS, 47);
    const bell = new BellListener(memories.bellMemory);
    let bells = 0;
    let requestsDone: () => void = () => {};
    const done = new Promise<void>((resolve) => {
      requestsDone = resolve;
    });
    const poll = (): void => {
      requester.turn();
      if (requester.done || requester.fault !== null) return requestsDone();
      bell.announceSleep();
      // Room for requests is what the other side rings for, too.
      if (replies.isEmpty() && requests.isAwaitingRoom()) return;
      if (bell.stayAwake()) setImmediate(poll);
    };
    const report = new Promise<SideReport>((resolve) => {
      side.on('message', (message: SideReport | 'bell') => {
        if (message !== 'bell') return resolve(message);
        bells++;
        poll();
      });
    });
    poll();
    await done;
    expect(requester.fault).toBeNull();
    expectClean(await report);
    expect(bells).toBeGreaterThan(0);
    await side.terminate();
  });
});
