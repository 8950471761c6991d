import { describe, expect, it } from 'vitest';
import { RestClient, runRest } from './rest-client.ts';

interface Document {
  readonly openapi: string;
  readonly paths: Record<string, Record<string, Operation>>;
}

interface Operation {
  readonly responses: Record<string, unknown>;
  readonly parameters?: readonly {
    readonly in: string;
    readonly name: string;
    readonly required?: boolean;
  }[];
}

const methodsOf = ({ paths }: Document) =>
  Object.entries(paths).flatMap(([path, item]) => Object.keys(item).map((method) => `${method} ${path}`));

const operations = [
  ...['post /session', 'delete /session', 'post /v1/lock', 'post /v1/lock/wait', 'post /v1/unlock'],
  ...['post /v1/renew', 'post /v1/refreshlock'],
];

describe('the OpenAPI document', () => {
  it('tells of all operations, without a session', async () => {
    const { rest } = await runRest();
    const { status, json, headers } = await new RestClient(rest).ask('GET', '/openapi.json');
    expect(status).toBe(200);
    expect(headers['content-type']).toMatch(/^application\/json/);
    const document = json as unknown as Document;
    expect(document.openapi).toBe('3.1.0');
    expect(methodsOf(document)).toStrictEqual(operations);
    for (const item of Object.values(document.paths)) {
      for (const { responses } of Object.values(item)) {
        expect(responses).toHaveProperty('401');
        // Pages of other sites are refused.
        expect(responses).toHaveProperty('403');
      }
    }
    expect(document.paths['/session']!['post']!.responses['201']).toMatchObject({
      headers: { 'Ldlm-Session-Timeout-Ms': { schema: { type: 'integer' } } },
    });
  });

  it('tells of the headers that lock operations take, none of which has to be there', async () => {
    const { rest } = await runRest();
    const { json } = await new RestClient(rest).ask('GET', '/openapi.json');
    for (const [path, item] of Object.entries((json as unknown as Document).paths)) {
      const taken = item['post']!.parameters ?? [];
      const names = path === '/session' ? [] : ['Grpc-Timeout', 'X-HTTP-Method-Override'];
      expect(taken.map(({ name }) => name)).toStrictEqual(names);
      for (const parameter of taken) expect(parameter).toMatchObject({ in: 'header', required: false });
    }
  });

  it('tells of listings where they are switched on, and of the password where there is one', async () => {
    const { rest } = await runRest({ remoteAdmin: true, password: 'pw' });
    const headers = { authorization: `Basic ${Buffer.from('x:pw').toString('base64')}` };
    const { json, text } = await new RestClient(rest).ask('GET', '/openapi.json', undefined, { headers });
    expect(methodsOf(json as unknown as Document)).toStrictEqual([
      ...operations,
      ...['get /v1/locks', 'get /v1/locks/{name}'],
    ]);
    expect(text).toContain('"scheme":"basic"');
  });
});

describe('the page of the document', () => {
  it('is made of what the server has itself, and lets nothing in from outside', async () => {
    const { rest } = await runRest();
    const client = new RestClient(rest);
    const page = await client.ask('GET', '/docs');
    expect(page.status).toBe(200);
    expect(page.headers['content-type']).toBe('text/html; charset=utf-8');
    expect(page.text).not.toMatch(/https?:/);
    expect(page.text).not.toMatch(/<script>|<style>| on[a-z]+=/);
    expect(page.headers['content-security-policy']).toMatch(/^default-src 'none'; script-src 'self'; /);
    const assets = [...page.text.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, path]) => path!);
    expect(assets.length).toBeGreaterThan(4);
    for (const path of [...assets, '/docs/json']) {
      const { status, headers } = await client.ask('GET', path);
      expect(`${path} ${status}`).toBe(`${path} 200`);
      expect(headers['content-security-policy']).toMatch(/^default-src 'none'/);
    }
    const settings = await client.ask('GET', '/docs/static/swagger-initializer.js');
    expect(settings.text).toMatch(/validatorUrl: null/);
  });
});
