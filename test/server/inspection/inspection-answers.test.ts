import { describe, expect, it } from 'vitest';
import { Limits } from '../../../src/base/limits.ts';
import { GrpcStatus } from '../../../src/contract/grpc-status.ts';
import type { InspectedEngine } from '../../../src/engine/engine.ts';
import { InspectionAnswers } from '../../../src/server/inspection/inspection-answers.ts';
import {
  InspectionEndedError,
  StateSuspendedError,
  TooManyInspectionsError,
  TooManyWatchesError,
} from '../../../src/server/inspection/inspector.ts';
import { InspectFlag } from '../../../src/shard/inspection/inspect-reply.ts';

const BODY = Buffer.from('body');

/** Answers without shards, and what shards were asked. */
function open() {
  const asked: { readonly shard: number; readonly inspection: number }[] = [];
  let flushes = 0;
  let failure: Error | null = null;
  const engine = {
    shards: 2,
    inspect(shard: number, inspection: number) {
      if (failure !== null) throw failure;
      asked.push({ shard, inspection });
    },
    flush: () => void flushes++,
  } as unknown as InspectedEngine;
  const answers = new InspectionAnswers(engine);
  /** A shard sends a text, or a piece of one, in memory that is used again at once. */
  const reply = (
    shard: number,
    inspection: number,
    text: string,
    hasMore = false,
    status: number = GrpcStatus.Ok,
  ) => {
    const bytes = Buffer.concat([
      Buffer.from([0xff, hasMore ? InspectFlag.More : 0]),
      Buffer.from(text),
      BODY,
    ]);
    answers.reply(shard, 0, inspection | 0, 0, status, false, bytes, 1, bytes.length - BODY.length);
    bytes.fill(0);
  };
  return {
    ...{ answers, asked, reply },
    flushes: () => flushes,
    fail: (error: Error | null) => {
      failure = error;
    },
  };
}

describe('a question to a shard', () => {
  it('is sent at once, and answered by what the shard says to its number', async () => {
    const { answers, asked, reply, flushes } = open();
    const questions = [answers.ask(0, BODY), answers.ask(1, BODY)];
    expect([asked.map(({ shard }) => shard), flushes()]).toEqual([[0, 1], 2]);
    reply(1, asked[1]!.inspection, '[2]');
    reply(0, asked[0]!.inspection, '{"ä":1}');
    expect(await Promise.all(questions)).toEqual([{ ä: 1 }, [2]]);
  });

  it('is answered when the last piece has come, whatever came in between', async () => {
    const { answers, asked, reply } = open();
    const [first, second] = [answers.ask(0, BODY), answers.ask(1, BODY)];
    const [one, two] = [asked[0]!.inspection, asked[1]!.inspection];
    reply(0, one, '["', true);
    reply(1, two, '[0', true);
    reply(0, one, '123456', true);
    reply(1, two, ']');
    reply(0, one, '"]');
    expect(await second).toEqual([0]);
    expect(await first).toEqual(['123456']);
  });

  it('keeps letters whole that two pieces share', async () => {
    const { answers, asked } = open();
    const question = answers.ask(0, BODY);
    const text = Buffer.from('"ä"');
    const send = (piece: Buffer, flag: number): void => {
      const bytes = Buffer.concat([Buffer.from([flag]), piece]);
      answers.reply(0, 0, asked[0]!.inspection, 0, GrpcStatus.Ok, false, bytes, 0, bytes.length);
    };
    send(text.subarray(0, 2), InspectFlag.More);
    send(text.subarray(2), 0);
    expect(await question).toBe('ä');
  });

  it('is refused where nothing can be recorded, and what came of it is forgotten', async () => {
    const { answers, asked, reply } = open();
    const question = answers.ask(0, BODY);
    reply(0, asked[0]!.inspection, '[1,', true);
    reply(0, asked[0]!.inspection, '', false, GrpcStatus.Unavailable);
    await expect(question).rejects.toThrow(StateSuspendedError);
    // Nobody waits for it any more.
    reply(0, asked[0]!.inspection, 'no JSON');
    // Nor is what comes late taken for the answer to the next question.
    void answers.ask(0, BODY);
    expect(asked[1]!.inspection).not.toBe(asked[0]!.inspection);
  });

  it('that cannot be asked takes no place', async () => {
    const { answers, fail } = open();
    const failure = new Error('too long');
    fail(failure);
    for (let i = 0; i <= Limits.inspectionsMax; i++) await expect(answers.ask(0, BODY)).rejects.toBe(failure);
    fail(null);
    void answers.ask(0, BODY);
  });

  it('is one of so many at a time', async () => {
    const { answers, asked, reply } = open();
    const questions = Array.from({ length: Limits.inspectionsMax }, () => answers.ask(0, BODY));
    await expect(answers.ask(0, BODY)).rejects.toThrow(new TooManyInspectionsError(Limits.inspectionsMax));
    expect(new Set(asked.map(({ inspection }) => inspection)).size).toBe(Limits.inspectionsMax);
    reply(0, asked[5]!.inspection, '5');
    expect(await questions[5]).toBe(5);
    const next = answers.ask(0, BODY);
    reply(0, asked.at(-1)!.inspection, '"next"');
    expect(await next).toBe('next');
  });

  it('is not answered after the end', async () => {
    const { answers } = open();
    const question = answers.ask(0, BODY);
    answers.close();
    await expect(question).rejects.toThrow(InspectionEndedError);
    await expect(answers.ask(0, BODY)).rejects.toThrow(InspectionEndedError);
    expect(() => answers.watch(BODY, () => {})).toThrow(InspectionEndedError);
  });
});

describe('a watch', () => {
  it('is begun in all shards under one number, and told what each of them says', () => {
    const { answers, asked, reply } = open();
    const told: unknown[] = [];
    answers.watch(BODY, (shard, rows) => told.push([shard, rows]));
    expect(asked.map(({ shard }) => shard)).toEqual([0, 1]);
    expect(asked[0]!.inspection).toBe(asked[1]!.inspection);
    reply(1, asked[0]!.inspection, '[[0,1]]');
    // Pieces of one shard are no pieces of another.
    reply(0, asked[0]!.inspection, '[[0,', true);
    reply(1, asked[0]!.inspection, '[[2,2]]');
    reply(0, asked[0]!.inspection, '1]]');
    expect(told).toEqual([
      [1, [[0, 1]]],
      [1, [[2, 2]]],
      [0, [[0, 1]]],
    ]);
  });

  it('is one of so many until all shards have said that it is closed', () => {
    const { answers, asked, reply } = open();
    const watches = Array.from({ length: Limits.watchesMax }, () => answers.watch(BODY, () => {}));
    const number = asked[0]!.inspection;
    const refused = new TooManyWatchesError(Limits.watchesMax);
    expect(() => answers.watch(BODY, () => {})).toThrow(refused);
    watches[0]!.close();
    reply(0, number, '[]');
    expect(() => answers.watch(BODY, () => {})).toThrow(refused);
    reply(1, number, '[]');
    answers.watch(BODY, () => {});
    expect(() => answers.watch(BODY, () => {})).toThrow(refused);
  });
});
