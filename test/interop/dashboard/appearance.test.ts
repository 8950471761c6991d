import axe from 'axe-core';
import type { BrowserContextOptions, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { keepScreenshot, live, phone, rowOf, suiteBrowser } from './browser.ts';
import { launchDashboard, type WhenDone, Worker } from './dashboard-server.ts';

const browser = suiteBrowser();

interface AxeReport {
  readonly violations: readonly {
    readonly id: string;
    readonly nodes: readonly { readonly html: string }[];
  }[];
  readonly passes: readonly unknown[];
}

/** What axe finds wrong with the page as it is, by the names of its rules. */
async function faults(page: Page): Promise<readonly string[]> {
  await page.addScriptTag({ content: axe.source });
  const { violations, passes } = (await page.evaluate('axe.run(document)')) as AxeReport;
  expect(passes.length).toBeGreaterThan(15);
  return violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(' ')}`);
}

const closers: (() => unknown)[] = [];
const whenDone: WhenDone = (close) => closers.push(close);
let url = '';

/** A server that is in use, and its clients. */
beforeAll(async () => {
  const server = await launchDashboard(['--shards', '4'], undefined, whenDone);
  const worker = (holder: string): Worker => new Worker(server.address, holder, {}, whenDone);
  const workers = Array.from({ length: 12 }, (_none, index) =>
    worker(index === 5 ? '' : `worker-${index} on build-${index % 3}`),
  );
  const taken = ['deploy/eu-west', 'deploy/us-east', 'cron:nightly', 'media/transcode', 'tenant-17/invoices'];
  for (const [index, holder] of workers.entries()) {
    const lock_timeout_seconds = index % 3 === 0 ? 0 : 600 * index;
    for (const name of taken) await holder.lock(`${name}-${index}`, { lock_timeout_seconds });
  }
  for (const holder of workers.slice(0, 4)) await holder.lock('connections-to-warehouse', { size: 5 });
  for (const holder of workers.slice(4, 7)) await holder.lock('catalogue', { mode: 'SHARED' });
  for (const [index, waiter] of workers.slice(7).entries()) {
    void waiter.wait('deploy/eu-west-3', { wait_timeout_seconds: index % 2 === 0 ? 500 : 0 });
    if (index < 3) void waiter.wait('connections-to-warehouse', { size: 5, permits: 2 });
  }
  const indexers = ['indexer-1', 'indexer-2', 'indexer-3'].map(worker);
  let turn = 0;
  const timer = setInterval(() => {
    turn++;
    // More of them now and then, who wait for each other.
    const busy = turn % 300 < 150 ? 3 : 2;
    for (const indexer of indexers.slice(0, busy)) void indexer.lockAndUnlock(`reindex-${turn % 2}`);
  }, 20);
  whenDone(() => clearInterval(timer));
  url = server.url;
});

afterAll(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

const looks: readonly (readonly [string, BrowserContextOptions])[] = [
  ['light', { colorScheme: 'light' }],
  ['dark', { colorScheme: 'dark' }],
  ['light-phone', { colorScheme: 'light', viewport: phone, deviceScaleFactor: 2, hasTouch: true }],
  ['dark-phone', { colorScheme: 'dark', viewport: phone, deviceScaleFactor: 2, hasTouch: true }],
];

describe.each(looks)('the dashboard in %s', (look, options) => {
  it('has no fault that axe finds, and is kept in pictures', async () => {
    const page = await browser.open(url, { ...options, bypassCSP: true });
    await live(page);
    const row = rowOf(page, 'connections-to-warehouse');
    await page.waitForTimeout(1_500);
    await keepScreenshot(page, `${look}-locks`);
    expect(await faults(page)).toStrictEqual([]);
    await page.getByRole('searchbox').fill('connections');
    await row.getByRole('button', { name: 'connections-to-warehouse', exact: true }).click();
    await page.getByRole('table', { name: /^Who waits/ }).waitFor();
    await keepScreenshot(page, `${look}-details`);
    expect(await faults(page)).toStrictEqual([]);
    await page.getByRole('button', { name: /^Unlock worker-0/ }).click();
    await page.getByText(/Next is worker-7/).waitFor();
    await keepScreenshot(page, `${look}-unlock`);
    expect(await faults(page)).toStrictEqual([]);
    await page.keyboard.press('Escape');
    await page.getByRole('searchbox').fill('there is no such lock');
    await page.getByText('Nothing found').waitFor();
    expect(await faults(page)).toStrictEqual([]);
  });

  it('fits its window', async () => {
    const page = await browser.open(url, options);
    await live(page);
    await rowOf(page, 'deploy/eu-west-3')
      .getByRole('button', { name: 'deploy/eu-west-3', exact: true })
      .click();
    expect(await page.evaluate('document.documentElement.scrollWidth - innerWidth')).toBeLessThanOrEqual(0);
  });
});

describe('the dashboard', () => {
  it('stays where it is while it changes', async () => {
    const page = await browser.open(url);
    await live(page);
    await page.evaluate(`
      window.shifts = [];
      new PerformanceObserver((list) => {
        for (const { value, sources } of list.getEntries()) {
          const moved = sources.map(({ node, previousRect: from, currentRect: to }) =>
            [node?.className || node?.nodeName, from.x, from.y, from.width, from.height, to.x, to.y, to.width, to.height].join(' '));
          window.shifts.push(value + ': ' + moved.join(', '));
        }
      }).observe({ type: 'layout-shift', buffered: true });
    `);
    await page.waitForTimeout(4_000);
    expect(await page.evaluate('window.shifts')).toStrictEqual([]);
  });

  it('shows who is there when nobody is', async () => {
    const { url: emptyUrl } = await launchDashboard();
    const page = await browser.open(emptyUrl, { bypassCSP: true });
    await page.getByText('No locks').waitFor();
    await keepScreenshot(page, 'light-empty');
    expect(await faults(page)).toStrictEqual([]);
  });
});
