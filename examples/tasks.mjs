/* Several workers go through one list of tasks, and each task is done once. Workers may as well be on many machines. */
import { LdlmClient } from 'ldlm-ts/client';

const tasks = Array.from({ length: 12 }, (_, n) => `task ${n}`);
/** Stands for what all workers see, such as a column of a database. The lock only keeps two from working at a time. */
const done = new Map();

async function work(worker) {
  const client = new LdlmClient({ address: process.env.LDLM_ADDRESS ?? 'localhost:3144' });
  for (const task of tasks) {
    // Whoever comes second does not wait: it goes on to the next task.
    await client.tryWithLock(`tasks/${task}`, async () => {
      // Asked under the lock, since another worker may have finished and unlocked it a moment ago.
      if (done.has(task)) return;
      await new Promise((resolve) => setTimeout(resolve, 20));
      done.set(task, [...(done.get(task) ?? []), worker]);
    });
  }
  await client.close();
}

await Promise.all(['anna', 'ben', 'cleo'].map(work));
for (const [task, workers] of done) console.log(`${task} was done by ${workers.join(' and ')}`);
