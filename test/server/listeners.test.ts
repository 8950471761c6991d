import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { describe, expect, it } from 'vitest';
import { Limits } from '../../src/base/limits.ts';
import { ListenerReport } from '../../src/server/listener-report.ts';
import { Listeners } from '../../src/server/listeners.ts';
import { ArrivalCounts } from '../../src/server/metrics/door-metrics.ts';
import { expectFailuresToShut } from './door.ts';
import { LogLines } from './log-lines.ts';
import { afterwards } from './running-server.ts';

/** A listener whose protocol is a letter: `b` breaks it. */
async function open() {
  const accepted: Socket[] = [];
  const [log, counts] = [new LogLines(), new ArrivalCounts()];
  const report = new ListenerReport(log.logger, '', counts);
  const listeners = await Listeners.open('127.0.0.1:0', null, report, {
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
    handshakeFailed: () => {},
  });
  afterwards(() => {
    listeners.close();
    for (const socket of accepted) socket.destroy();
  });
  return { listeners, accepted, log, counts, address: listeners.addresses[0]! };
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
    const { address, log, counts } = await open();
    await expectFailuresToShut({ address, broken: 'b', whole: 'a' });
    expect(counts.failed).toBe(Math.floor(Limits.newcomersBurst / (1 + Limits.newcomersPerFailure)));
    await expect.poll(() => counts.turnedAway, { timeout: 5_000 }).toBe(1);
    expect(log.of('too many new connections')).toHaveLength(1);
  });

  it('go on when accepting failed, and tell of it', async () => {
    const log = new LogLines();
    const report = new ListenerReport(log.logger, '', new ArrivalCounts());
    const server = createServer();
    const events = { accept: () => {}, handshakeFailed: () => {} };
    const listeners = await Listeners.open('127.0.0.1:0', null, report, events, () => server);
    afterwards(() => listeners.close());
    server.emit('error', new Error('accept EMFILE'));
    expect(log.of('cannot accept connections')).toHaveLength(1);
    expect(server.listening).toBe(true);
  });
});
