import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Page } from 'playwright-core';
import { describe, expect, it } from 'vitest';
import { afterwards } from '../server-process.ts';
import { live, rowOf, suiteBrowser } from './browser.ts';
import { type DashboardServer, launchDashboard, Worker } from './dashboard-server.ts';

const browser = suiteBrowser();

/** The port of a site of somebody else, which serves an empty page wherever it is asked. */
async function strangeSite(): Promise<number> {
  const site = createServer((_request, response) => {
    response.setHeader('content-type', 'text/html');
    response.end('<!doctype html><title>elsewhere</title>');
  });
  site.listen(0, '127.0.0.1');
  await once(site, 'listening');
  afterwards(() => site.close());
  return (site.address() as AddressInfo).port;
}

/** Somebody who has the dashboard open, and in the same browser a page of another site. */
interface Victim {
  readonly dashboard: DashboardServer;
  readonly worker: Worker;
  readonly key: string;
  readonly stranger: Page;
  /** The statuses of all answers that came to the stranger's requests of the dashboard. */
  readonly statuses: number[];
}

async function openBoth(host: string): Promise<Victim> {
  const dashboard = await launchDashboard(['--log_level', 'debug']);
  const worker = new Worker(dashboard.address, 'worker-1');
  const key = await worker.lock('orders');
  const context = await browser.context();
  const own = await context.newPage();
  await own.goto(dashboard.url);
  await live(own);
  await rowOf(own, 'orders').waitFor();
  const cookies = await context.cookies(dashboard.url);
  expect(cookies).toMatchObject([{ httpOnly: true, sameSite: 'Strict' }]);
  const stranger = await context.newPage();
  const statuses: number[] = [];
  stranger.on('response', (response) => {
    if (response.url().startsWith(dashboard.url)) statuses.push(response.status());
  });
  await stranger.goto(`http://${host}:${await strangeSite()}/`);
  return { dashboard, worker, key, stranger, statuses };
}

async function expectHeld({ worker, key }: Victim): Promise<void> {
  expect(await worker.unlock('orders', key)).toBe(true);
}

/** Has the page run `script`, in which `url` is the dashboard's. Returns what it returns, or the name of its error. */
function run({ stranger, dashboard }: Victim, script: string): Promise<unknown> {
  return stranger.evaluate(
    `(async (url) => { try { ${script} } catch (error) { return error.name; } })(${JSON.stringify(dashboard.url)})`,
  );
}

// Another port of the same host is another origin, though the same site, so its requests bring the cookie along.
describe.each(['127.0.0.1', 'localhost'])('a page of another site, at %s', (host) => {
  it.each(['text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data'])(
    'cannot unlock with a form of type %s',
    async (type) => {
      const victim = await openBoth(host);
      const answered = victim.stranger.waitForResponse(`${victim.dashboard.url}api/unlock`);
      await run(
        victim,
        `const form = document.createElement('form');
         form.method = 'post';
         form.action = url + 'api/unlock';
         form.enctype = '${type}';
         // As text it is JSON: the sign between name and value goes into a string.
         form.innerHTML = '<input name=\\'{"name": "orders", "key": "${victim.key.slice(0, 8)}", "x": "\\' value=\\'"}\\'>';
         document.body.append(form);
         form.submit();`,
      );
      expect((await answered).status()).toBe(403);
      await expectHeld(victim);
    },
  );

  it.each(['omit', 'same-origin', 'include'])(
    'cannot unlock with fetch, credentials: %s',
    async (credentials) => {
      const victim = await openBoth(host);
      const body = JSON.stringify({ name: 'orders', key: victim.key.slice(0, 8) });
      const send = (options: string) =>
        run(
          victim,
          `const answer = await fetch(url + 'api/unlock', { method: 'POST', body: ${JSON.stringify(body)},
        credentials: '${credentials}', ${options} }); return answer.type;`,
        );
      // Without a permission to ask first, the request is sent, and its answer is kept from the page.
      expect(await send(`mode: 'no-cors', headers: { 'content-type': 'text/plain' }`)).toBe('TypeError');
      await expect.poll(() => victim.dashboard.server.stderr).toContain('LDLM_ADMIN_ORIGIN');
      // With JSON or a header of its own, the browser asks first, and is not allowed.
      expect(await send(`headers: { 'content-type': 'application/json' }`)).toBe('TypeError');
      expect(await send(`headers: { 'x-ldlm-token': 'a' }`)).toBe('TypeError');
      expect(victim.statuses.filter((status) => status < 400)).toStrictEqual([]);
      await expectHeld(victim);
    },
  );

  it('can read nothing', async () => {
    const victim = await openBoth(host);
    for (const path of ['', 'api/info', 'api/lock?name=orders', 'page/main.js']) {
      const read = `return (await fetch(url + '${path}', { credentials: 'include' })).text();`;
      expect(await run(victim, read), path).toBe('TypeError');
    }
    const events = `const source = new EventSource(url + 'api/events', { withCredentials: true });
      return await new Promise((resolve) => {
        source.onopen = () => resolve('open');
        source.onerror = () => resolve('error');
      });`;
    expect(await run(victim, events)).toBe('error');
    const script = `return await new Promise((resolve) => {
        const script = document.createElement('script');
        script.src = url + 'api/info';
        script.onload = () => resolve('loaded');
        script.onerror = () => resolve('error');
        document.body.append(script);
      });`;
    expect(await run(victim, script)).toBe('error');
    await expectHeld(victim);
  });

  it('cannot show the dashboard in a frame', async () => {
    const victim = await openBoth(host);
    await run(
      victim,
      `const frame = document.createElement('iframe');
       frame.src = url;
       await new Promise((resolve) => { frame.onload = resolve; document.body.append(frame); });`,
    );
    const [, frame] = victim.stranger.frames();
    expect(await frame!.locator('#locks').count()).toBe(0);
    await expectHeld(victim);
  });
});

describe('a token that leaked', () => {
  it('is of no use to a page of another origin', async () => {
    const victim = await openBoth('127.0.0.1');
    const { url } = victim.dashboard;
    const context = victim.stranger.context();
    const own = await context.newPage();
    const info = own.waitForResponse(`${url}api/info`);
    await own.goto(url);
    const { token } = (await (await info).json()) as { token: string };
    // As if the browser did not ask first: the request goes out from outside of the page, with its origin and cookie.
    const answer = await context.request.post(`${url}api/unlock`, {
      headers: { 'x-ldlm-token': token, origin: new URL(victim.stranger.url()).origin },
      data: { name: 'orders', key: victim.key.slice(0, 8) },
    });
    expect(answer.status()).toBe(403);
    expect(await answer.json()).toMatchObject({ code: 'LDLM_ADMIN_ORIGIN' });
    // The same from the page's own origin would do it.
    const right = await context.request.post(`${url}api/unlock`, {
      headers: { 'x-ldlm-token': token, origin: new URL(url).origin },
      data: { name: 'orders', key: victim.key.slice(0, 8) },
    });
    expect(await right.json()).toStrictEqual({ released: 1 });
  });
});
