import { describe, expect, it } from 'vitest';
import { connect, sharedServer } from '../server-process.ts';
import { granted, notUnlocked, text, unlocked } from './replies.ts';

const server = sharedServer();

describe('Unlock', () => {
  it('24: releases with the right key', async () => {
    const client = connect(server.address);
    const { key } = await client.lock({ name: 'c24' });
    expect(await client.unlock('c24', key)).toStrictEqual(unlocked('c24'));
    expect(await client.tryLock({ name: 'c24' })).toStrictEqual(granted('c24'));
  });

  it.each(['wrong', ''])('25: refuses the key %j', async (key) => {
    const client = connect(server.address);
    await client.tryLock({ name: 'c25' });
    expect(await client.unlock('c25', key)).toStrictEqual(notUnlocked('c25', 2, text.key));
  });

  it.each(['c26', ''])('26: does not know the name %j', async (name) => {
    const reply = await connect(server.address).unlock(name, 'key');
    expect(reply).toStrictEqual(notUnlocked(name, 1, text.unknownName));
  });

  it('27: works once', async () => {
    const client = connect(server.address);
    const { key } = await client.lock({ name: 'c27' });
    await client.unlock('c27', key);
    expect(await client.unlock('c27', key)).toStrictEqual(notUnlocked('c27', 2, text.key));
  });

  it('29: works from any session', async () => {
    const { key } = await connect(server.address).lock({ name: 'c29' });
    const other = connect(server.address);
    expect(await other.unlock('c29', key)).toStrictEqual(unlocked('c29'));
    expect(await other.tryLock({ name: 'c29' })).toStrictEqual(granted('c29'));
  });
});
