import { RawPeer } from '../server/raw-peer.ts';

const frameType = { data: 0, headers: 1 } as const;
const endStream = 1;
const endHeaders = 4;

/** Opens a connection of which each frame is in the caller's hand. */
export function connectRaw(address: string): Promise<RawPeer> {
  return RawPeer.connect(address);
}

/** Sends a call of LDLM's service whose message has a name, and a key if one is given, as fields 1 and 2. */
export function sendCall(peer: RawPeer, streamId: number, method: string, name: string, key?: string): void {
  const message = Buffer.concat([
    stringField(1, name),
    key === undefined ? Buffer.alloc(0) : stringField(2, key),
  ]);
  const prefix = Buffer.alloc(5);
  prefix.writeUInt32BE(message.length, 1);
  const head = Buffer.concat([
    header(':method', 'POST'),
    header(':scheme', 'http'),
    header(':path', `/ldlm.LDLM/${method}`),
    header(':authority', 'localhost'),
    header('te', 'trailers'),
    header('content-type', 'application/grpc'),
  ]);
  peer.send(frameType.headers, endHeaders, streamId, head);
  peer.send(frameType.data, endStream, streamId, Buffer.concat([prefix, message]));
}

/** The message of the reply on a stream. */
export async function replyOn(peer: RawPeer, streamId: number): Promise<Buffer> {
  const { payload } = await peer.frame(
    (frame) => frame.type === frameType.data && frame.streamId === streamId,
  );
  return payload.subarray(5);
}

/** Ends the connection in the one way that lets the server read all that was sent. */
export async function closeRaw(peer: RawPeer): Promise<void> {
  peer.socket.end();
  await peer.closing();
}

/** Destroys the connection as soon as what was sent is with the kernel. */
export async function destroyRaw(peer: RawPeer): Promise<void> {
  await new Promise((resolve) => peer.socket.write('', resolve));
  peer.socket.resetAndDestroy();
}

/** A literal header field without indexing, not Huffman coded: RFC 7541 section 6.2.2. Lengths are below 127. */
function header(name: string, value: string): Buffer {
  return Buffer.from(
    `\0${String.fromCharCode(name.length)}${name}${String.fromCharCode(value.length)}${value}`,
  );
}

function stringField(number: number, text: string): Buffer {
  const bytes = Buffer.from(text);
  return Buffer.concat([Buffer.from([(number << 3) | 2, bytes.length]), bytes]);
}
