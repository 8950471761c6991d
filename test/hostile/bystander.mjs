/*
 * A client that minds its own business while others attack the server: one Lock and Unlock after another on one
 * connection. Plain JavaScript, because it is a process of its own, so that nothing but the server can slow it.
 *
 * Usage: node bystander.mjs HOST:PORT; over IPC it takes { forMs } and answers { pairs, p99Ms, error }.
 */
import { connect, constants } from 'node:http2';

const session = connect(`http://${process.argv[2]}`);
let sessionError = null;
session.on('error', (error) => {
  sessionError = error;
});
session.on('close', () => {
  sessionError ??= new Error('the connection was closed');
});

/** Longer than anything that an attack may do to others. */
const CALL_MS_MAX = 10_000;
const NAME = Buffer.from('bystander');

/** A message of fields 1, 2, ... that are strings. */
function encode(...texts) {
  const fields = texts.map((text, i) => Buffer.concat([Buffer.of(((i + 1) << 3) | 2, text.length), text]));
  const body = Buffer.concat(fields);
  const prefix = Buffer.alloc(5);
  prefix.writeUInt32BE(body.length, 1);
  return Buffer.concat([prefix, body]);
}

/** The key in a LockResponse of a granted lock: field 3, of 36 bytes, behind locked and the name. */
function keyOf(reply) {
  const start = 5 + 2 + 2 + NAME.length;
  if (reply[5] !== 0x08 || reply[start] !== 0x1a) throw new Error(`not granted: ${reply.toString('hex')}`);
  return reply.subarray(start + 2, start + 2 + reply[start + 1]);
}

function call(method, message) {
  return new Promise((resolve, reject) => {
    const stream = session.request({
      [constants.HTTP2_HEADER_METHOD]: 'POST',
      [constants.HTTP2_HEADER_PATH]: `/ldlm.LDLM/${method}`,
      [constants.HTTP2_HEADER_CONTENT_TYPE]: 'application/grpc',
      [constants.HTTP2_HEADER_TE]: 'trailers',
    });
    const chunks = [];
    let status = 'no status';
    stream.on('data', (chunk) => chunks.push(chunk));
    stream.on('trailers', (trailers) => {
      status = trailers['grpc-status'];
    });
    stream.on('error', reject);
    stream.setTimeout(CALL_MS_MAX, () =>
      reject(new Error(`${method} got no answer within ${CALL_MS_MAX} ms`)),
    );
    stream.on('close', () => {
      if (String(status) === '0') resolve(Buffer.concat(chunks));
      else reject(sessionError ?? new Error(`${method} ended with ${status}`));
    });
    stream.end(message);
  });
}

async function measure(forMs) {
  const latenciesMs = [];
  const endMs = performance.now() + forMs;
  while (performance.now() < endMs) {
    const startMs = performance.now();
    const key = keyOf(await call('Lock', encode(NAME)));
    const unlocked = await call('Unlock', encode(NAME, key));
    if (unlocked[5] !== 0x08) throw new Error(`not unlocked: ${unlocked.toString('hex')}`);
    latenciesMs.push(performance.now() - startMs);
  }
  latenciesMs.sort((a, b) => a - b);
  return { pairs: latenciesMs.length, p99Ms: latenciesMs[Math.floor(latenciesMs.length * 0.99)] };
}

process.on('message', async ({ forMs }) => {
  try {
    process.send({ ...(await measure(forMs)), error: null });
  } catch (error) {
    process.send({ pairs: 0, p99Ms: 0, error: String(error) });
  }
});
process.on('disconnect', () => process.exit());
