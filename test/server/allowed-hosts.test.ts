import { describe, expect, it } from 'vitest';
import { AllowedHosts } from '../../src/server/allowed-hosts.ts';

const at = (localAddress: string, localPort: number) => ({ localAddress, localPort });

describe('AllowedHosts', () => {
  it('knows the address that was reached, and at loopback its other names', () => {
    const hosts = new AllowedHosts('', '127.0.0.1:9090', false);
    const end = at('127.0.0.1', 9090);
    for (const own of ['127.0.0.1:9090', 'localhost:9090', 'LOCALHOST:9090', '[::1]:9090']) {
      expect(hosts.refuse(own, end), own).toBeNull();
    }
    for (const other of [
      'evil.example:9090',
      'evil.example',
      '127.0.0.1',
      '127.0.0.1:9091',
      'localhost:80',
      'localhost.:9090',
      'localhost.evil.example:9090',
      '127.0.0.1:9090.evil.example',
      'user@127.0.0.1:9090',
      '127.0.0.1:9090:9090',
      '127.0.0.1:9090/',
      '::1:9090',
      '',
    ]) {
      expect(hosts.refuse(other, end), other).toContain('is not one of this server: it is 127.0.0.1:9090');
    }
    expect(hosts.refuse(undefined, end)).toMatch(/^no host is not one/);
  });

  it('lets the port of the scheme be left out', () => {
    expect(new AllowedHosts('', 'localhost:80', false).refuse('localhost', at('::1', 80))).toBeNull();
    expect(new AllowedHosts('', 'localhost:80', true).refuse('localhost', at('::1', 80))).not.toBeNull();
    expect(new AllowedHosts('', 'localhost:443', true).refuse('localhost', at('::1', 443))).toBeNull();
  });

  it('knows the address that was reached when it listens everywhere, and no name of loopback at it', () => {
    const hosts = new AllowedHosts('', ':9090', false);
    expect(hosts.refuse('10.0.0.7:9090', at('10.0.0.7', 9090))).toBeNull();
    expect(hosts.refuse('10.0.0.7:9090', at('::ffff:10.0.0.7', 9090))).toBeNull();
    expect(hosts.refuse('[fd00::7]:9090', at('fd00::7', 9090))).toBeNull();
    expect(hosts.refuse('localhost:9090', at('10.0.0.7', 9090))).not.toBeNull();
    expect(hosts.refuse('10.0.0.8:9090', at('10.0.0.7', 9090))).not.toBeNull();
    expect(hosts.refuse('localhost:9090', at('::ffff:127.0.0.1', 9090))).toBeNull();
  });

  it('knows the name of the listen address', () => {
    const hosts = new AllowedHosts('', 'Locks.internal:9090', false);
    expect(hosts.refuse('locks.internal:9090', at('10.0.0.7', 9090))).toBeNull();
    expect(hosts.refuse('locks.internal:9091', at('10.0.0.7', 9090))).not.toBeNull();
    const bare = new AllowedHosts('', '[::]:9090', false);
    expect(bare.refuse('[::]:9090', at('::', 9090))).toBeNull();
  });

  it('knows what is listed, without a port at every port', () => {
    const hosts = new AllowedHosts(' Locks.example , other.example:8443,[fd00::1]', '10.0.0.7:9090', false);
    const end = at('10.0.0.7', 9090);
    for (const own of [
      'locks.example',
      'locks.example:1',
      'LOCKS.example:9090',
      'other.example:8443',
      '[fd00::1]:7',
    ]) {
      expect(hosts.refuse(own, end), own).toBeNull();
    }
    for (const other of ['other.example', 'other.example:9090', 'a.locks.example', 'example', '[fd00::2]']) {
      expect(hosts.refuse(other, end), other).not.toBeNull();
    }
  });

  it('refuses a list whose names cannot be any', () => {
    for (const wrong of ['http://locks.example', 'locks.example/', 'a b', 'fd00::1', '*.example', 'a:b']) {
      expect(() => new AllowedHosts(wrong, 'localhost:0', false), wrong).toThrow(
        `admin_hosts must be host names, each with or without :port (value: ${wrong})`,
      );
    }
  });

  it('shows a host as text, and no more than a line of it', () => {
    const hosts = new AllowedHosts('', 'localhost:9090', false);
    const text = hosts.refuse(`"\n${'x'.repeat(10_000)}`, at('127.0.0.1', 9090));
    expect(text).toContain('the host "\\"\\nxxx');
    expect(text!.length).toBeLessThan(400);
  });
});
