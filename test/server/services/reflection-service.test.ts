import { loadFileDescriptorSetFromBuffer } from '@grpc/proto-loader';
import { describe, expect, it } from 'vitest';
import { GrpcStatus } from '../../../src/contract/grpc-status.ts';
import { DescriptorPool, loadDescriptorPool } from '../../../src/server/services/descriptor-pool.ts';
import { reflectionMethods } from '../../../src/server/services/reflection-service.ts';
import { clientCoder } from './client-coder.ts';
import { RecordedCall } from './recorded-call.ts';

interface Question {
  host?: string;
  file_by_filename?: string;
  file_containing_symbol?: string;
  file_containing_extension?: { containing_type: string; extension_number: number };
  all_extension_numbers_of_type?: string;
  list_services?: string;
}

interface Answer {
  valid_host?: string;
  original_request?: Question;
  message_response?: string;
  file_descriptor_response?: { file_descriptor_proto: Buffer[] };
  all_extension_numbers_response?: { base_type_name?: string; extension_number?: number[] };
  list_services_response?: { service: { name: string }[] };
  error_response?: { error_code: number; error_message: string };
}

const pool = loadDescriptorPool();
const [v1, v1alpha] = reflectionMethods(pool);

describe.each([
  ['v1', v1!],
  ['v1alpha', v1alpha!],
])('reflection %s', (version, method) => {
  const coder = clientCoder<Question, Answer>(
    `grpc/reflection/${version}/reflection.proto`,
    `grpc.reflection.${version}.ServerReflection`,
    'ServerReflectionInfo',
  );

  function ask(...questions: Question[]): Answer[] {
    const call = new RecordedCall();
    const listener = method.start(call);
    for (const question of questions) listener.message(coder.requestSerialize(question));
    expect(call.status).toBeNull();
    listener.halfClosed();
    expect(call.status).toBe(GrpcStatus.Ok);
    return call.sent.map((bytes) => coder.responseDeserialize(Buffer.from(bytes)));
  }

  it('is called by the path of its version, with the password', () => {
    expect(method.path).toBe(`/grpc.reflection.${version}.ServerReflection/ServerReflectionInfo`);
    expect(method.open).toBe(false);
  });

  it('lists the services', () => {
    expect(ask({ list_services: '*' })[0]?.list_services_response?.service.map(({ name }) => name)).toEqual([
      'grpc.health.v1.Health',
      'grpc.reflection.v1.ServerReflection',
      'grpc.reflection.v1alpha.ServerReflection',
      'ldlm.Admin',
      'ldlm.LDLM',
    ]);
  });

  it.each([
    'ldlm.LDLM',
    'ldlm.LDLM.Lock',
    'ldlm.LockRequest',
    'ldlm.LockRequest.size',
    'ldlm.LockMode',
    'ldlm.SHARED',
  ])('gives the file that declares %s', (symbol) => {
    const [answer] = ask({ file_containing_symbol: symbol });
    expect(answer?.file_descriptor_response?.file_descriptor_proto).toEqual([pool.file('ldlm.proto')!.bytes]);
  });

  it('gives a file by its name, again when it is asked for again', () => {
    const name = 'grpc/health/v1/health.proto';
    const answers = ask({ file_by_filename: name }, { file_by_filename: name });
    const files = answers.map((answer) => answer.file_descriptor_response?.file_descriptor_proto);
    expect(files).toEqual([[pool.file(name)!.bytes], [pool.file(name)!.bytes]]);
  });

  it('gives files of which a client can make its calls', () => {
    const [answer] = ask({ file_containing_symbol: 'ldlm.LDLM' });
    const [file] = answer!.file_descriptor_response!.file_descriptor_proto;
    // A FileDescriptorSet is its files, each behind a tag and a length.
    const set = Buffer.concat([Buffer.from([0x0a, (file!.length & 0x7f) | 0x80, file!.length >>> 7]), file!]);
    const definition = loadFileDescriptorSetFromBuffer(set);
    expect(Object.keys(definition['ldlm.LDLM']!)).toEqual([
      'Lock',
      'TryLock',
      'Unlock',
      'Renew',
      'RefreshLock',
    ]);
  });

  it('knows that no message is extended', () => {
    const [answer] = ask({ all_extension_numbers_of_type: 'ldlm.LockRequest' });
    expect(answer?.all_extension_numbers_response).toEqual({ base_type_name: 'ldlm.LockRequest' });
  });

  it.each<[string, Question]>([
    ['file not found', { file_by_filename: 'other.proto' }],
    ['symbol not found', { file_containing_symbol: 'ldlm.Other' }],
    ['symbol not found', { file_containing_symbol: '' }],
    [
      'extension not found',
      { file_containing_extension: { containing_type: 'ldlm.LockRequest', extension_number: 7 } },
    ],
    ['type not found', { all_extension_numbers_of_type: 'ldlm.Other' }],
    ['type not found', { all_extension_numbers_of_type: 'ldlm.LDLM' }],
  ])('answers an error: %s', (text, question) => {
    const [answer] = ask(question);
    expect(answer?.error_response).toEqual({ error_code: GrpcStatus.NotFound, error_message: text });
  });

  it('answers a question of an unknown kind with UNIMPLEMENTED', () => {
    const [answer] = ask({ host: 'h' });
    expect(answer?.error_response?.error_code).toBe(GrpcStatus.Unimplemented);
  });

  it('answers in order, repeats the question and echoes the host', () => {
    const questions = [
      { host: 'a', file_by_filename: 'x' },
      { host: 'b', list_services: '' },
      { file_by_filename: 'y' },
    ];
    const answers = ask(...questions);
    expect(answers.map((answer) => answer.valid_host)).toEqual(['a', 'b', '']);
    expect(answers.map((answer) => answer.original_request)).toMatchObject(questions);
  });

  it('adds what a file imports, but not what it sent before', () => {
    const base = { name: 'base', bytes: Buffer.from('b'), imports: [], symbols: new Map() };
    const top = { name: 'top', bytes: Buffer.from('t'), imports: ['base'], symbols: new Map() };
    const importing = reflectionMethods(new DescriptorPool([base, top])).find(
      ({ path }) => path === method.path,
    )!;
    const call = new RecordedCall();
    const listener = importing.start(call);
    for (let i = 0; i < 2; i++) listener.message(coder.requestSerialize({ file_by_filename: 'top' }));
    const files = call.sent.map(
      (bytes) => coder.responseDeserialize(Buffer.from(bytes)).file_descriptor_response,
    );
    expect(files.map((response) => String(response?.file_descriptor_proto))).toEqual(['t,b', 't']);
  });

  it('ends a call with a malformed question', () => {
    const call = new RecordedCall();
    method.start(call).message(Buffer.from([0x0a, 0xff]));
    expect([call.sent, call.status, call.text]).toEqual([
      [],
      GrpcStatus.Internal,
      'request message malformed',
    ]);
  });
});
