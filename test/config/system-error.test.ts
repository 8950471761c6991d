import { readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { describe, expect, it, onTestFinished } from 'vitest';
import { describeFileError, describeListenError, isSystemError } from '../../src/config/system-error.ts';

/** Listens until the test ends, or gives the error. */
function listen(port: number, host: string): Promise<NodeJS.ErrnoException | number> {
  return new Promise((resolve) => {
    const server = createServer();
    server.on('error', resolve);
    server.listen(port, host, () => {
      onTestFinished(() => void server.close());
      const address = server.address();
      resolve(typeof address === 'object' && address !== null ? address.port : 0);
    });
  });
}

async function listenError(port: number, host: string): Promise<string> {
  const error = await listen(port, host);
  if (!isSystemError(error)) throw new Error('listening went well');
  return describeListenError(error);
}

function readError(path: string): string {
  try {
    readFileSync(path);
    return 'read';
  } catch (error) {
    return describeFileError(error, path);
  }
}

describe('describeFileError', () => {
  it('says what Go says', () => {
    expect(readError('/nowhere/x')).toBe('open /nowhere/x: no such file or directory');
    expect(readError('')).toBe('open : no such file or directory');
    expect(readError(tmpdir())).toBe(`read ${tmpdir()}: is a directory`);
    expect(readError('/dev/null/x')).toBe('open /dev/null/x: not a directory');
  });

  it('keeps the message of other errors', () => {
    expect(describeFileError(new Error('odd'), 'x')).toBe('odd');
  });
});

describe('describeListenError', () => {
  it('says what Go says', async () => {
    const port = await listen(0, '127.0.0.1');
    expect(await listenError(Number(port), '127.0.0.1')).toBe(
      `listen tcp 127.0.0.1:${port}: bind: address already in use`,
    );
    expect(await listenError(0, '192.0.2.1')).toBe(
      'listen tcp 192.0.2.1:0: bind: cannot assign requested address',
    );
    expect(await listenError(0, 'nowhere.invalid')).toBe('listen tcp: lookup nowhere.invalid: no such host');
  });
});
