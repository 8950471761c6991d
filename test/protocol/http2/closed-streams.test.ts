import { expect, it } from 'vitest';
import { ClosedBy, ClosedStreams } from '../../../src/protocol/http2/closed-streams.ts';

it('knows how the last streams ended, and nothing of others', () => {
  const closed = new ClosedStreams();
  expect(closed.find(1)).toBe(ClosedBy.Unknown);
  closed.remember(1, ClosedBy.End);
  closed.remember(3, ClosedBy.OurReset);
  closed.remember(5, ClosedBy.PeerReset);
  closed.remember(2 ** 31 - 1, ClosedBy.End);
  expect([1, 3, 5, 7, 2 ** 31 - 1, 2 ** 30 - 1].map((id) => closed.find(id))).toEqual([
    ...[ClosedBy.End, ClosedBy.OurReset, ClosedBy.PeerReset],
    ...[ClosedBy.Unknown, ClosedBy.End, ClosedBy.Unknown],
  ]);
});

it('does not forget a reset for the streams that end in order behind it', () => {
  const closed = new ClosedStreams();
  closed.remember(1, ClosedBy.OurReset);
  for (let id = 3; id < 2000; id += 2) closed.remember(id, ClosedBy.End);
  expect(closed.find(1)).toBe(ClosedBy.OurReset);
  expect(closed.find(3)).toBe(ClosedBy.Unknown);
  expect(closed.find(1999)).toBe(ClosedBy.End);
});

it('remembers a bounded number of resets', () => {
  const closed = new ClosedStreams();
  for (let id = 1; id <= 2001; id += 2) closed.remember(id, ClosedBy.OurReset);
  expect(closed.find(1)).toBe(ClosedBy.Unknown);
  expect(closed.find(2001)).toBe(ClosedBy.OurReset);
});
