/** A fastify server whose handler answers a constant: what the same library costs without a lock server behind it. */
import fastify from 'fastify';
import { parseAddress } from './parse-address.ts';

const [address = '', bytes = '100'] = process.argv.slice(2);
const answer = JSON.stringify('x'.repeat(Number(bytes) - 2));
const app = fastify({ logger: false });
app.post('/v1/lock', (_request, reply) => {
  reply.type('application/json').send(answer);
});
await app.listen(parseAddress(address));
