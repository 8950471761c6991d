import { readdirSync, readFileSync } from 'node:fs';
import { type AnyDefinition, loadFileDescriptorSetFromBuffer, loadSync } from '@grpc/proto-loader';
import { describe, expect, it } from 'vitest';
import { readDescriptorSet } from '../../../src/server/services/descriptor-file.ts';
import { ProtoFilesError } from '../../../src/server/services/proto-files.ts';
import { protosPath } from './client-coder.ts';

const set = readFileSync(`${protosPath}/services.binpb`);
const protoFiles = readdirSync(protosPath, { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.proto'))
  .sort();

/** Everything that a definition says, but for options, of which proto-loader invents some for `optional` fields. */
function describeDefinition(definition: AnyDefinition): string {
  const withoutOptions = (key: string, value: unknown) => (key === 'options' ? undefined : value);
  if ('type' in definition) return JSON.stringify(definition.type, withoutOptions, 1);
  return JSON.stringify(
    Object.values(definition).map(({ path, requestStream, responseStream, requestType, responseType }) => ({
      path,
      requestStream,
      responseStream,
      requestType: requestType.type,
      responseType: responseType.type,
    })),
    withoutOptions,
    1,
  );
}

describe('the compiled .proto files', () => {
  const options = { includeDirs: [protosPath], keepCase: true };
  const fromSources = loadSync(protoFiles, options);
  const fromSet = loadFileDescriptorSetFromBuffer(set, options);

  it('declare what the .proto files declare', () => {
    expect(Object.keys(fromSet).sort()).toEqual(Object.keys(fromSources).sort());
  });

  it.each(Object.keys(fromSources))('agree with the .proto files on %s', (name) => {
    expect(describeDefinition(fromSet[name]!)).toBe(describeDefinition(fromSources[name]!));
  });
});

describe('readDescriptorSet', () => {
  const files = readDescriptorSet(set);

  it('finds the files by the names by which they are imported', () => {
    expect(files.map(({ name }) => name).sort()).toEqual(protoFiles);
  });

  it('keeps the bytes of the files as they are', () => {
    for (const { bytes } of files) expect(set.includes(bytes)).toBe(true);
    // Each file stands in the set behind a tag of one byte and a length of two.
    expect(files.reduce((sum, { bytes }) => sum + 1 + 2 + bytes.length, 0)).toBe(set.length);
  });

  it('finds every kind of symbol', () => {
    const symbols = new Map(files.flatMap((file) => [...file.symbols]));
    const expected = {
      'ldlm.LDLM': 'service',
      'ldlm.LDLM.RefreshLock': 'member',
      'ldlm.LockRequest': 'message',
      'ldlm.LockRequest.lock_timeout_seconds': 'member',
      'ldlm.LockMode': 'enum',
      'ldlm.EXCLUSIVE': 'member',
      'grpc.health.v1.HealthCheckResponse.ServingStatus': 'enum',
      'grpc.health.v1.HealthCheckResponse.SERVING': 'member',
      'grpc.reflection.v1alpha.ServerReflectionRequest.message_request': 'member',
    } as const;
    for (const [symbol, kind] of Object.entries(expected))
      expect([symbol, symbols.get(symbol)]).toEqual([symbol, kind]);
    for (const other of ['', 'ldlm', 'ldlm.LockMode.EXCLUSIVE', 'LDLM', '.ldlm.LDLM']) {
      expect([other, symbols.has(other)]).toEqual([other, false]);
    }
  });

  it('reads imports, files without a package, and an empty set', () => {
    const file = Buffer.from('\x0a\x07a.proto\x1a\x07b.proto\x1a\x07c.proto\x22\x03\x0a\x01M', 'latin1');
    const [read] = readDescriptorSet(Buffer.concat([Buffer.from([0x0a, file.length]), file]));
    expect(read).toEqual({
      name: 'a.proto',
      bytes: file,
      imports: ['b.proto', 'c.proto'],
      symbols: new Map([['M', 'message']]),
    });
    expect(readDescriptorSet(Buffer.alloc(0))).toEqual([]);
  });

  it('refuses a set that is cut short', () => {
    expect(() => readDescriptorSet(set.subarray(0, -1))).toThrow(ProtoFilesError);
  });
});
