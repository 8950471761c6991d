import { describe, expect, it } from 'vitest';
import { GrpcStatus } from '../../src/contract/grpc-status.ts';
import { Method } from '../../src/contract/method.ts';
import { Origin } from '../../src/core/origin.ts';
import { ReplyForm } from '../../src/core/reply-form.ts';
import { CallEnd } from '../../src/core/sink.ts';
import { CALL_END_TEXTS } from '../../src/shard/call-end-text.ts';
import { Outcome } from '../../src/shard/outcome.ts';
import { ReplyKind } from '../../src/shard/reply-record.ts';
import type { ShardReplies } from '../../src/shard/reply-target.ts';
import { StagedReplies } from '../../src/shard/staged-replies.ts';
import { seededIntegers } from '../core/random.ts';
import { ShardCaller } from '../journal/shard-caller.ts';
import { SimulatedDisk } from '../journal/simulated-disk.ts';

interface Told {
  readonly call: number;
  readonly session: number;
  readonly route: number;
  readonly form: number;
  readonly status: number;
  readonly granted: boolean;
  readonly counted: readonly number[];
  readonly lengths: readonly number[];
  readonly bytes: Buffer;
}

/** Staged replies in front of a target that keeps all that reaches it, and a gate that opens as it is told. */
function openStaged(isOpen = true) {
  const log: (string | Told)[] = [];
  const bytes = Buffer.alloc(400_000);
  const target: ShardReplies = {
    bytes,
    stalls: 3,
    isCrowded: false,
    reserve: () => 10,
    commit: ({ call, session, route, form, method }, status, granted, outcome, headers, data, trailers) => {
      const end = 10 + headers + data + trailers;
      const counted = [method, outcome];
      const told = {
        call,
        session,
        route,
        form,
        status,
        granted,
        counted,
        lengths: [headers, data, trailers],
      };
      log.push({ ...told, bytes: Buffer.from(bytes.subarray(10, end)) });
    },
    signal: (kind) => void log.push(`signal ${kind}`),
    debug: (session, message) => void log.push(`debug ${message} of ${session}`),
    notice: (message, _attributes, session) => void log.push(`notice ${message} of ${session}`),
    publish: () => void log.push('publish'),
  };
  const staged = new StagedReplies(target);
  staged.attach({
    commit: () => {
      log.push('commit');
      return isOpen;
    },
  });
  const reply = (call: number, content: string, form: number = ReplyForm.Protobuf): void => {
    const position = staged.reserve(content.length + 50);
    staged.bytes.write(content, position, 'latin1');
    const origin = Object.assign(new Origin(), {
      call,
      session: 2 ** 40 + call,
      route: 7,
      form,
      method: call,
    });
    staged.commit(origin, GrpcStatus.Ok, call % 2 === 1, Outcome.Ok, 1, content.length - 1, 0);
  };
  /** What reached the target since the last time. */
  const take = () => log.splice(0);
  const takeReplies = () => take().filter((entry) => typeof entry !== 'string');
  return { staged, reply, take, takeReplies };
}

describe('StagedReplies', () => {
  it('tells nobody anything before the gate has let it through, then all in order', () => {
    const { staged, reply, take } = openStaged();
    for (const call of [1, 2, 3]) reply(call, `reply to ${call}`);
    expect(take()).toEqual([]);
    staged.publish();
    const [first, ...rest] = take();
    expect(first).toBe('commit');
    const replies = [1, 2, 3].map((call) => ({
      ...{ call, session: 2 ** 40 + call, route: 7, form: ReplyForm.Protobuf, status: GrpcStatus.Ok },
      ...{
        granted: call !== 2,
        counted: [call, Outcome.Ok],
        lengths: [1, 9, 0],
        bytes: Buffer.from(`reply to ${call}`),
      },
    }));
    expect(rest).toEqual([...replies, 'publish']);
    staged.publish();
    expect(take()).toEqual(['commit', 'publish']);
  });

  it('tells all that they are refused when the gate stays shut, in the form that each has asked for', () => {
    const { staged, reply, takeReplies } = openStaged(false);
    reply(1, 'granted');
    reply(3, 'granted', ReplyForm.GrpcFrames);
    staged.publish();
    const [bare, frames, ...none] = takeReplies();
    expect(none).toEqual([]);
    const refused = { status: GrpcStatus.Unavailable, granted: false, route: 7 };
    const counted = [
      [Method.Lock, Outcome.Unavailable],
      [Method.Unlock, Outcome.Unavailable],
    ];
    expect([bare!.counted, frames!.counted]).toEqual(counted);
    const text = CALL_END_TEXTS[CallEnd.Suspended];
    expect(bare).toMatchObject({ ...refused, call: 1, session: 2 ** 40 + 1, lengths: [0, text.length, 0] });
    expect(String(bare!.bytes)).toBe(text);
    expect(frames).toMatchObject({ ...refused, call: 3, form: ReplyForm.GrpcFrames });
    // One HEADERS frame that ends the stream (RFC 9113 section 6.2), on the stream of the call.
    expect(frames!.lengths).toEqual([0, 0, frames!.bytes.length]);
    expect(frames!.bytes.readUIntBE(0, 3)).toBe(frames!.bytes.length - 9);
    expect([frames!.bytes[3], frames!.bytes[4]! & 1, frames!.bytes.readUInt32BE(5)]).toEqual([1, 1, 3]);
    expect(frames!.bytes.toString('latin1')).not.toContain('granted');
    staged.publish();
    expect(takeReplies()).toEqual([]);
  });

  it('holds any number of replies of any length, and forgets them afterwards', () => {
    const { staged, reply, takeReplies } = openStaged();
    const firstBytes = staged.bytes.length;
    for (let round = 0; round < 2; round++) {
      const contents = Array.from({ length: 5_000 }, (_, i) => `${i}/`.padEnd(1 + (i % 300), 'x'));
      contents.push('y'.repeat(300_000));
      contents.forEach((content, call) => {
        reply(call, content);
      });
      expect(staged.bytes.length).toBeGreaterThan(firstBytes);
      staged.publish();
      expect(takeReplies().map(({ bytes }) => bytes.toString('latin1'))).toEqual(contents);
      expect(staged.bytes.length).toBe(firstBytes);
    }
  });

  it('keeps a signal behind the replies before it, and lets lines pass', () => {
    const { staged, reply, take } = openStaged();
    reply(1, 'reply');
    staged.signal(ReplyKind.GrantingStopped);
    staged.debug(1, 'line', {});
    staged.notice('news', {}, 2);
    staged.publish();
    const told = take().map((entry) => (typeof entry === 'string' ? entry : 'reply'));
    expect(told).toEqual([
      'debug line of 1',
      'notice news of 2',
      'commit',
      'reply',
      `signal ${ReplyKind.GrantingStopped}`,
      'publish',
    ]);
    staged.publish();
    expect(take()).toEqual(['commit', 'publish']);
    expect(staged.stalls).toBe(3);
  });

  it('tells nobody anything of a turn that ends with a broken disk', () => {
    const caller = new ShardCaller(new SimulatedDisk(seededIntegers(1)));
    caller.lock('a');
    const told = caller.replyCount;
    for (const operation of ['sync', 'write'] as const) {
      caller.disk.failAfter(0, 'EIO', operation);
      caller.send('TryLock', { name: operation });
      caller.send('TryLock', { name: 'a' });
      expect(() => caller.settle()).toThrow('EIO');
      expect(caller.replyCount).toBe(told);
      caller.restart();
    }
  });
});
