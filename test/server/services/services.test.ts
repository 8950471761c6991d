import {
  type ClientReadableStream,
  credentials,
  Metadata,
  makeClientConstructor,
  status,
} from '@grpc/grpc-js';
import { loadSync, type ServiceDefinition } from '@grpc/proto-loader';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { AdminService } from '../../../src/server/services/admin-service.ts';
import { HealthService } from '../../../src/server/services/health-service.ts';
import { listServices } from '../../../src/server/services/proto-files.ts';
import { clientServices, operatorServices } from '../../../src/server/services/services.ts';
import { protosPath } from './client-coder.ts';
import { FakeSource } from './fake-source.ts';
import { openServicePort, type ServicePort } from './service-port.ts';

const BESIDE_LOCKS = [
  'grpc.health.v1.Health',
  'grpc.reflection.v1.ServerReflection',
  'grpc.reflection.v1alpha.ServerReflection',
];

describe('what a listener serves', () => {
  const admin = new AdminService(new FakeSource());

  it('is all but administration to clients, unless that is switched on', () => {
    const usual = clientServices(new HealthService(), null);
    expect(listServices().filter((name) => usual.hasService(name))).toEqual(BESIDE_LOCKS);
    expect(usual.whereElse('ldlm.Admin')).toContain('remote_admin');
    expect(usual.whereElse('ldlm.LDLM')).toBeNull();
    const remote = clientServices(new HealthService(), admin);
    expect(remote.find('/ldlm.Admin/Unlock')?.open).toBe(false);
    expect(remote.whereElse('ldlm.Admin')).toBeNull();
  });

  it('is all but locks to the operator', () => {
    const services = operatorServices(new HealthService(), admin);
    expect(listServices().filter((name) => services.hasService(name))).toEqual([
      ...BESIDE_LOCKS,
      'ldlm.Admin',
    ]);
    expect(services.whereElse('ldlm.LDLM')).toContain('listen_address');
  });

  it('has each method of the .proto file of administration', () => {
    const declared = loadSync('ldlm-admin.proto', { includeDirs: [protosPath] })['ldlm.Admin'];
    const services = operatorServices(new HealthService(), admin);
    for (const name of Object.keys(declared!)) expect(services.find(`/ldlm.Admin/${name}`)).not.toBeNull();
  });
});

describe('the services, called with grpc-js', () => {
  const password = 'a password';
  let health: HealthService;
  let port: ServicePort;

  beforeAll(async () => {
    health = new HealthService();
    health.setServing(true);
    port = await openServicePort(clientServices(health, null), password);
  });
  afterAll(() => port.close());

  const clients: { close(): void }[] = [];
  afterEach(() => {
    for (const client of clients.splice(0)) client.close();
  });

  function connect(file: string, service: string) {
    const definition = loadSync(file, { includeDirs: [protosPath], keepCase: true, enums: String });
    const Client = makeClientConstructor(definition[service] as ServiceDefinition, service);
    const client = new Client(port.address, credentials.createInsecure());
    clients.push(client);
    return client;
  }

  describe('health', () => {
    let client: ReturnType<typeof connect>;
    beforeEach(() => {
      client = connect('grpc/health/v1/health.proto', 'grpc.health.v1.Health');
    });

    const check = (service: string) =>
      new Promise((resolve) => {
        client['Check']!({ service }, (error: { code: number } | null, reply: object) =>
          resolve(error === null ? reply : error.code),
        );
      });

    it('answers Check, without the password', async () => {
      expect(await check('')).toEqual({ status: 'SERVING' });
      expect(await check('ldlm.LDLM')).toEqual({ status: 'SERVING' });
      expect(await check('ldlm.Other')).toBe(status.NOT_FOUND);
      expect(await check('ldlm.Admin')).toBe(status.NOT_FOUND);
    });

    it('answers Watch at once and goes on', async () => {
      const watch: ClientReadableStream<object> = client['Watch']!({ service: 'ldlm.Other' });
      watch.on('error', () => {});
      expect(await new Promise((resolve) => watch.once('data', resolve))).toEqual({
        status: 'SERVICE_UNKNOWN',
      });
      // Whatever came behind the message would be here when a later call has its answer.
      let ended = false;
      watch.once('end', () => {
        ended = true;
      });
      await check('');
      expect(ended).toBe(false);
      watch.cancel();
    });
  });

  describe.each(['v1', 'v1alpha'])('reflection %s', (version) => {
    function ask(metadata: Metadata, requests: object[]): Promise<{ replies: object[]; code: number }> {
      const client = connect(
        `grpc/reflection/${version}/reflection.proto`,
        `grpc.reflection.${version}.ServerReflection`,
      );
      const stream = client['ServerReflectionInfo']!(metadata);
      const replies: object[] = [];
      stream.on('data', (reply: object) => replies.push(reply));
      stream.on('error', () => {});
      for (const request of requests) stream.write(request);
      stream.end();
      return new Promise((resolve) => {
        stream.on('status', ({ code }: { code: number }) => resolve({ replies, code }));
      });
    }

    it('answers a stream of questions', async () => {
      const metadata = new Metadata();
      metadata.set('authorization', password);
      const symbols = [...BESIDE_LOCKS, 'ldlm.LDLM'];
      const { replies, code } = await ask(metadata, [
        { list_services: '' },
        ...symbols.map((symbol) => ({ file_containing_symbol: symbol })),
        { file_containing_symbol: 'ldlm.Admin' },
      ]);
      expect(code).toBe(status.OK);
      expect(replies[0]).toMatchObject({
        list_services_response: { service: symbols.map((name) => ({ name })) },
      });
      expect(replies.length).toBe(1 + symbols.length + 1);
      for (const reply of replies.slice(1, -1)) expect(reply).toHaveProperty('file_descriptor_response');
      expect(replies.at(-1)).toMatchObject({ error_response: { error_message: 'symbol not found' } });
    });

    it('needs the password', async () => {
      expect(await ask(new Metadata(), [{ list_services: '' }])).toEqual({
        replies: [],
        code: status.UNAUTHENTICATED,
      });
    });
  });
});
