import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { describe, expect, it } from 'vitest';
import { Limits } from '../../src/base/limits.ts';
import { Listeners } from '../../src/server/listeners.ts';
import { expectFailuresToShut } from './door.ts';
import { afterwards } from './running-server.ts';

/** A listener whose protocol is a letter: `b` breaks it. */
async function open() {
  const accepted: Socket[] = [];
  const listeners = await Listeners.open('127.0.0.1:0', null, {
    accept: (socket) => {
      accepted.push(socket);
      socket.on('error', () => {});
      socket.on('data', (bytes) => {
        socket.write('answer');
        if (bytes.toString() !== 'b') return;
        listeners.peerFailed();
        socket.end();
      });
    },
    failed: () => {},
    handshakeFailed: () => {},
    turnedAway: () => {},
  });
  afterwards(() => {
    listeners.close();
    for (const socket of accepted) socket.destroy();
  });
  return { listeners, accepted, address: listeners.addresses[0]! };
}

describe('listeners', () => {
  it('hand on what they accept, and do not touch it when they close', async () => {
    const { listeners, accepted, address } = await open();
    const port = Number(address.split(':')[1]);
    const socket = connect(port, '127.0.0.1');
    afterwards(() => socket.destroy());
    socket.write('a');
    await once(socket, 'data');
    listeners.close();
    socket.write('a');
    await once(socket, 'data');
    expect(accepted).toHaveLength(1);
    const [refused] = (await once(connect(port, '127.0.0.1'), 'error')) as [{ code: string }];
    expect(refused.code).toBe('ECONNREFUSED');
  });

  it(`count a peer that failed as ${Limits.newcomersPerFailure} newcomers, up to the limit and not beyond`, async () => {
    const { address } = await open();
    await expectFailuresToShut({ address, broken: 'b', whole: 'a' });
  });
});
