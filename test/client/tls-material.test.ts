import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createSecureContext } from 'node:tls';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { TlsOptions } from '../../src/client/client-options.ts';
import { InvalidOptionError } from '../../src/client/errors.ts';
import { loadTlsFiles, readTlsMaterial, useTlsMaterial } from '../../src/client/tls-material.ts';

const fixture = (name: string): string => new URL(`../fixtures/tls/${name}.pem`, import.meta.url).pathname;
const pem = (name: string): Buffer => readFileSync(fixture(name));

describe('TLS material', () => {
  it('is none where nothing is given', () => {
    expect(readTlsMaterial({})).toEqual({ ca: null, key: null, cert: null });
    expect(readTlsMaterial({ serverName: 'x', skipVerify: true })).toEqual({
      ca: null,
      key: null,
      cert: null,
    });
  });

  it('is read from files', () => {
    const paths = { ca: fixture('ca'), cert: fixture('client'), key: fixture('client-key') };
    const expected = { ca: pem('ca'), cert: pem('client'), key: pem('client-key') };
    expect(readTlsMaterial(paths)).toEqual(expected);
  });

  it('may be given itself instead of a path, for each of the three', () => {
    const { ca, cert, key } = readTlsMaterial({
      ca: new Uint8Array(pem('ca')),
      cert: pem('client'),
      key: fixture('client-key'),
    });
    expect([ca, cert, key]).toEqual([pem('ca'), pem('client'), pem('client-key')]);
    expect(Buffer.isBuffer(ca)).toBe(true);
  });

  it('is of the part of a buffer that was given, and does not change with it', () => {
    const whole = Buffer.from('before CERTIFICATE behind');
    const given = new Uint8Array(whole.buffer, whole.byteOffset + 7, 11);
    const { ca } = readTlsMaterial({ ca: given });
    given.fill(0);
    expect(ca!.toString()).toBe('CERTIFICATE');
  });

  it('may be empty, which is not the same as absent', () => {
    expect(readTlsMaterial({ ca: new Uint8Array() }).ca).toHaveLength(0);
    const folder = mkdtempSync(join(tmpdir(), 'ldlm-tls-material-'));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    writeFileSync(join(folder, 'ä empty.pem'), '');
    expect(readTlsMaterial({ ca: join(folder, 'ä empty.pem') }).ca).toHaveLength(0);
  });

  it.each(['ca', 'key', 'cert'] as const)('names the option %s when its file cannot be read', (option) => {
    const read = (path: string) => () => readTlsMaterial({ [option]: path });
    expect(read('/nowhere/x.pem')).toThrow(InvalidOptionError);
    expect(read('/nowhere/x.pem')).toThrow(`tls.${option}: ENOENT: no such file or directory`);
    expect(read('/nowhere/x.pem')).toThrow('/nowhere/x.pem');
    expect(read('')).toThrow(`tls.${option}: ENOENT`);
    expect(read(tmpdir())).toThrow(`tls.${option}: EISDIR`);
  });

  it.each<[string, TlsOptions]>([
    ['a key without a certificate', { key: fixture('client-key') }],
    ['a certificate without a key', { cert: fixture('client') }],
    ['an empty key alone', { key: new Uint8Array() }],
    ['a certificate beside an authority', { ca: fixture('ca'), cert: pem('client') }],
  ])('cannot be %s', (_, tls) => {
    expect(() => readTlsMaterial(tls)).toThrow(new InvalidOptionError('tls.cert and tls.key go together'));
  });
});

describe('TLS options without files', () => {
  it('are the same otherwise', () => {
    const rest = { serverName: 'x', skipVerify: false };
    const files = { ca: fixture('ca'), cert: fixture('client'), key: fixture('client-key') };
    const loaded = { ca: pem('ca'), cert: pem('client'), key: pem('client-key') };
    expect(loadTlsFiles({ ...rest, ...files })).toEqual({ ...rest, ...loaded });
    expect(loadTlsFiles({ ...rest, ca: files.ca })).toEqual({ ...rest, ca: loaded.ca });
    expect(loadTlsFiles({})).toEqual({});
    expect(() => loadTlsFiles({ ca: '/no/such.pem' })).toThrow(InvalidOptionError);
  });
});

describe('what is made of TLS material', () => {
  it('is handed on', () => {
    const made = {};
    expect(useTlsMaterial(() => made)).toBe(made);
  });

  it('is refused when it cannot be made, with the reason', () => {
    const none = Buffer.from('none');
    const make = (): unknown => useTlsMaterial(() => createSecureContext({ cert: none, key: none }));
    expect(make).toThrow(InvalidOptionError);
    expect(make).toThrow(/^tls cannot be used: error:.*PEM/);
    expect(() =>
      useTlsMaterial(() => {
        throw 'a text';
      }),
    ).toThrow(new InvalidOptionError('tls cannot be used: a text'));
  });
});
