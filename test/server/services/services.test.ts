import {
  type ClientReadableStream,
  credentials,
  Metadata,
  makeClientConstructor,
  status,
} from '@grpc/grpc-js';
import { loadSync, type ServiceDefinition } from '@grpc/proto-loader';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { HealthService } from '../../../src/server/services/health-service.ts';
import { listServices } from '../../../src/server/services/proto-files.ts';
import { serviceMethods } from '../../../src/server/services/services.ts';
import { protosPath } from './client-coder.ts';
import { openServicePort, type ServicePort } from './service-port.ts';

describe('serviceMethods', () => {
  const paths = serviceMethods(new HealthService()).map(({ path }) => path);

  it('has every service but ldlm.LDLM, which has a way of its own', () => {
    const served = new Set(paths.map((path) => path.split('/')[1]!));
    expect([...served, 'ldlm.LDLM'].sort()).toEqual(listServices());
  });

  it('has each method once', () => {
    expect(new Set(paths).size).toBe(paths.length);
  });
});

describe('the services, called with grpc-js', () => {
  const password = 'a password';
  let health: HealthService;
  let port: ServicePort;

  beforeAll(async () => {
    health = new HealthService();
    health.setServing(true);
    port = await openServicePort(serviceMethods(health), password);
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
      const symbols = listServices();
      const { replies, code } = await ask(metadata, [
        { list_services: '' },
        ...symbols.map((symbol) => ({ file_containing_symbol: symbol })),
      ]);
      expect(code).toBe(status.OK);
      expect(replies[0]).toMatchObject({
        list_services_response: { service: symbols.map((name) => ({ name })) },
      });
      expect(replies.length).toBe(1 + symbols.length);
      for (const reply of replies.slice(1)) expect(reply).toHaveProperty('file_descriptor_response');
    });

    it('needs the password', async () => {
      expect(await ask(new Metadata(), [{ list_services: '' }])).toEqual({
        replies: [],
        code: status.UNAUTHENTICATED,
      });
    });
  });
});
