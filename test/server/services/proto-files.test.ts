import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import {
  findProtosPath,
  listServices,
  loadMethod,
  ProtoFilesError,
} from '../../../src/server/services/proto-files.ts';
import { protosPath } from './client-coder.ts';

describe('proto files', () => {
  it('are found in the package', () => {
    expect(findProtosPath('ldlm.proto')).toBe(`${protosPath}/ldlm.proto`);
  });

  it('are missed by name', () => {
    expect(() => findProtosPath('other.proto')).toThrow(ProtoFilesError);
    expect(() => findProtosPath('other.proto')).toThrow('protos/other.proto is missing');
  });

  it('declare the services of the server, sorted', () => {
    const declared = readdirSync(protosPath, { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.proto'))
      .flatMap((name) => {
        const text = readFileSync(`${protosPath}/${name}`, 'utf8');
        const packageName = /^package (.+);$/m.exec(text)![1]!;
        return [...text.matchAll(/^service (\w+)/gm)].map(([, service]) => `${packageName}.${service}`);
      });
    expect(declared).toContain('ldlm.LDLM');
    expect(listServices()).toEqual(declared.sort());
  });

  it('keep field names, name enum values, write 64-bit integers in full and fill in defaults', () => {
    const lock = loadMethod<object, { fencing_token?: string }>('/ldlm.LDLM/Lock');
    const request = lock.requestDeserialize(Buffer.from([0xc8, 0x3e, 0x01, 0xd0, 0x3e, 0xff, 0x7f]));
    expect(request).toMatchObject({ name: '', mode: 'SHARED', lock_timeout_ms: '16383' });
    const reply = lock.responseSerialize({ fencing_token: '9223372036854775807' });
    expect(Buffer.from(reply).toString('hex')).toBe('c03effffffffffffffff7f');
  });
});
