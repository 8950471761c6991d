/* At most 5 calls in any half second, by all clients together. */
import { LdlmClient, rateLimit } from 'ldlm-ts/client';

const address = process.env.LDLM_ADDRESS ?? 'localhost:3144';
const limits = { permits: 5, perMs: 500 };
const began = performance.now();

const clients = ['anna', 'ben'].map((name) => ({ name, client: new LdlmClient({ address }) }));
const calls = clients.flatMap(({ name, client }) => {
  // On the side of the caller: calls wait for their turn.
  const call = rateLimit(client, 'api', limits).wrap((n) => {
    console.log(`${name} makes call ${n} after ${Math.round(performance.now() - began)} ms`);
  });
  return [1, 2, 3, 4, 5, 6].map((n) => call(n));
});
await Promise.all(calls);

// On the side of the service: what is too much is refused.
const [{ client }] = clients;
const service = rateLimit(client, 'requests', limits);
const answers = [];
for (let n = 0; n < 7; n++) answers.push((await service.tryAcquire()) ? 200 : 429);
console.log(answers.join(' '));
await Promise.all(clients.map(({ client }) => client.close()));
