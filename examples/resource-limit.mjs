/* A resource that takes 10 users at a time: the lock has a size of 10. */
import { LdlmClient } from 'ldlm-ts/client';

let users = 0;
let most = 0;

async function use(client) {
  await client.withLock('database', { size: 10 }, async () => {
    most = Math.max(most, ++users);
    await new Promise((resolve) => setTimeout(resolve, 50));
    users--;
  });
}

const address = process.env.LDLM_ADDRESS ?? 'localhost:3144';
const clients = Array.from({ length: 3 }, () => new LdlmClient({ address }));
const uses = Array.from({ length: 40 }, (_, n) => use(clients[n % clients.length]));
await Promise.all(uses);
console.log(`${uses.length} uses, ${most} at a time`);
await Promise.all(clients.map((client) => client.close()));
