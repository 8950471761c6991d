import { connect, type Socket } from 'node:net';
import { expect, vi } from 'vitest';
import { Limits } from '../../src/base/limits.ts';
import { afterwards } from './running-server.ts';

/** A listener as those see it who come to it. */
export interface Door {
  /** `host:port`. */
  readonly address: string;
  /** What breaks the protocol, so that the connection is ended. */
  readonly broken: string | Buffer;
  /** What is answered, on a connection that stays open. */
  readonly whole: string | Buffer;
}

/**
 * Expects that each connection which breaks the protocol counts as `Limits.newcomersPerFailure` newcomers more: as many
 * come in behind such ones as `Limits.newcomersBurst` leaves, and one more, by which the door is shut for the next one.
 */
export async function expectFailuresToShut(door: Door): Promise<void> {
  // Newcomers are let in by this clock: while it stands still, none are let in anew.
  vi.spyOn(performance, 'now').mockReturnValue(performance.now());
  afterwards(() => vi.restoreAllMocks());
  const each = 1 + Limits.newcomersPerFailure;
  const failures = Math.floor(Limits.newcomersBurst / each);
  for (let left = failures; left > 0; left -= 31) {
    const batch = Array.from({ length: Math.min(left, 31) }, () => isAnswered(door, door.broken, true));
    await Promise.all(batch);
  }
  for (let fits = Limits.newcomersBurst - failures * each; fits > 0; fits--) {
    expect(await isAnswered(door, door.whole)).toBe(true);
  }
  expect(await isAnswered(door, door.whole)).toBe(true);
  expect(await isAnswered(door, door.whole)).toBe(false);
}

/** Whether a connection is answered, or has ended without an answer. */
function isAnswered(door: Door, sent: string | Buffer, untilClosed = false): Promise<boolean> {
  const [host, port] = door.address.split(':');
  const socket: Socket = connect(Number(port), host);
  afterwards(() => socket.destroy());
  socket.on('error', () => {});
  socket.write(sent);
  let answered = false;
  return new Promise((resolve) => {
    socket.once('data', () => {
      answered = true;
      socket.resume();
      if (!untilClosed) resolve(true);
    });
    socket.once('close', () => resolve(answered));
  });
}
