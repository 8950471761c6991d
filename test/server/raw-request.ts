import { prefixMessage } from '../../src/protocol/grpc/reply-frames.ts';
import { encodeHeaderBlock } from '../../src/protocol/hpack/encoder.ts';
import { FrameFlag, FrameType } from '../../src/protocol/http2/frame.ts';
import type { RawPeer } from './raw-peer.ts';

/** Sends a call of `ldlm.LDLM`, or of another service, whose message has only a name. */
export function request(
  peer: RawPeer,
  streamId: number,
  method: string,
  name: string,
  service = 'ldlm.LDLM',
): void {
  const head = encodeHeaderBlock([
    [':method', 'POST'],
    [':scheme', 'http'],
    [':path', `/${service}/${method}`],
    ['content-type', 'application/grpc'],
    ['te', 'trailers'],
  ]);
  peer.send(FrameType.Headers, FrameFlag.EndHeaders, streamId, head);
  const message = nameMessage(name);
  for (let at = 0; at < message.length; at += 16_384) {
    const end = Math.min(at + 16_384, message.length);
    const last = end === message.length ? FrameFlag.EndStream : 0;
    peer.send(FrameType.Data, last, streamId, message.subarray(at, end));
  }
}

/** A request message with only a name. */
function nameMessage(name: string): Uint8Array {
  const bytes = Buffer.from(name, 'latin1');
  const length: number[] = [];
  for (let rest = bytes.length; ; rest >>>= 7) {
    length.push(rest > 127 ? (rest & 127) | 128 : rest);
    if (rest <= 127) break;
  }
  return prefixMessage(Buffer.concat([Buffer.of(0x0a, ...length), bytes]));
}
