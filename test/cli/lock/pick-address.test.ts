import { type AddressInfo, createServer } from 'node:net';
import { expect, it, onTestFinished } from 'vitest';
import { CommandFailure } from '../../../src/cli/lock/command-failure.ts';
import { pickAddress } from '../../../src/cli/lock/pick-address.ts';

async function listen(): Promise<string> {
  const server = createServer((socket) => void socket.on('error', () => {}));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  return `127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** Nobody may listen there, for want of rights or of a program. */
const NOBODY = '127.0.0.1:1';
/** Packets to it go nowhere (RFC 5737), or the system says that it has no way there. */
const NOWHERE = '192.0.2.1:3144';

it('takes the first at which somebody listens', async () => {
  const [first, second] = [await listen(), await listen()];
  expect(await pickAddress(`${first},${second}`)).toBe(first);
  expect(await pickAddress(`${NOBODY},${second},${first}`)).toBe(second);
});

it('goes past a machine that does not answer', async () => {
  const first = await listen();
  expect(await pickAddress(`${NOWHERE},${first}`, 100)).toBe(first);
});

it('takes one alone as it is', async () => {
  expect(await pickAddress(NOBODY)).toBe(NOBODY);
});

it('says of each what is wrong with it when nobody listens', async () => {
  await expect(pickAddress(`${NOBODY},127.0.0.1:2`)).rejects.toThrow(
    new CommandFailure(
      `cannot connect to ${NOBODY}: connection refused\ncannot connect to 127.0.0.1:2: connection refused`,
    ),
  );
});
