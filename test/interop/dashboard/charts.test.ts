import type { Locator, Page } from 'playwright-core';
import { describe, expect, it } from 'vitest';
import { afterwards } from '../server-process.ts';
import { live, suiteBrowser } from './browser.ts';
import { launchDashboard, Worker } from './dashboard-server.ts';

const browser = suiteBrowser();

/** How soon a chart shows what has happened: the server tells once a second. */
const SOON_MS = 2_000;
const HELD = 40;

const chart = (page: Page, title: string): Locator =>
  page.locator('section.card').filter({ has: page.getByRole('heading', { name: title, exact: true }) });

/** What the legend of a chart says. */
async function reading(of: Locator, label: string): Promise<string> {
  return (await of.locator('.legend > div').filter({ hasText: label }).locator('dd').textContent()) ?? '';
}

/** Has locks taken and given back all the time, of both shards. */
function keepBusy(worker: Worker): void {
  let turn = 0;
  const timer = setInterval(() => {
    for (let i = 0; i < 5; i++) void worker.lockAndUnlock(`busy-${turn++ % 100}`);
  }, 10);
  afterwards(() => clearInterval(timer));
}

describe('the charts of the dashboard', () => {
  it('have their headings, move under load, and say in words how the shards are used', async () => {
    const { url, address } = await launchDashboard(['--shards', '2']);
    const worker = new Worker(address, 'worker-1');
    for (let i = 0; i < HELD; i++) await worker.lock(`held-${i}`);
    const page = await browser.open(url);
    await live(page);
    expect(await page.locator('#charts h2').allTextContents()).toStrictEqual([
      'Traffic per second',
      'Held and waiting',
      'Time to get a lock',
      'Time locks were held',
      'Shards',
    ]);
    const [traffic, shards] = [chart(page, 'Traffic per second'), chart(page, 'Shards')];
    const line = traffic.locator('path.chart-line.series-0');
    const words = (): Promise<string[]> => shards.locator('.shards .hidden').allTextContents();
    // What was done before is over: nothing happens, and the shards have what is held.
    await expect.poll(() => shards.locator('.chart-when').textContent(), { timeout: 10_000 }).toBe('idle');
    await expect.poll(() => reading(traffic, 'requests')).toBe('0');
    const held = (await words()).map((text) => Number(/ (\d+) holders?,/.exec(text)![1]));
    expect(held.reduce((sum, holders) => sum + holders, 0)).toBe(HELD);
    expect(Math.min(...held)).toBeGreaterThan(0);

    keepBusy(worker);
    await expect
      .poll(() => reading(traffic, 'requests'), { timeout: SOON_MS + 1_000 })
      .toMatch(/^(?!0$)[\d.,k]+$/);
    for (let step = 0; step < 3; step++) {
      const drawn = await line.getAttribute('d');
      expect(drawn).toMatch(/^M[\d.]+/);
      await expect.poll(() => line.getAttribute('d'), { timeout: SOON_MS }).not.toBe(drawn);
    }
    expect(await reading(traffic, 'grants')).not.toBe('0');

    await expect
      .poll(() => shards.locator('.chart-when').textContent())
      .toMatch(/^busiest [12]\.\d\d × mean$/);
    await expect
      .poll(words)
      .toStrictEqual(
        [0, 1].map((shard) =>
          expect.stringMatching(
            new RegExp(`^Shard ${shard}: (?!0 )[\\d.,k]+ requests per second, \\d+ holders, \\d+ waiting$`),
          ),
        ),
      );
  });
});
