import { describe, expect, it } from 'vitest';
import { parseScrape } from '../../server/metrics/prometheus-text.ts';
import { engineFlags } from '../zookeeper/cluster-server.ts';
import { startZooKeeper } from '../zookeeper/zookeeper-server.ts';
import { keepScreenshot, live, rowOf, suiteBrowser } from './browser.ts';
import { type DashboardServer, launchDashboard, Worker } from './dashboard-server.ts';

const browser = suiteBrowser();

async function launchOverZooKeeper(): Promise<DashboardServer> {
  return launchDashboard(engineFlags(await startZooKeeper()));
}

describe('a server that keeps its locks in ZooKeeper', () => {
  it('shows them all on its dashboard, and nothing of shards', async () => {
    const { url, address } = await launchOverZooKeeper();
    await new Worker(address, 'worker-1').lock('orders', { lock_timeout_seconds: 600 });
    const page = await browser.open(url);
    // It knows all locks once each shard of which it is told has told of all of its own.
    await live(page);
    await rowOf(page, 'orders').getByRole('button', { name: 'orders', exact: true }).click();
    const facts = page.locator('.detail-facts');
    await facts.waitFor();
    // biome-ignore lint/performance/useDomNodeTextContent: the shard is in the text, and hidden: only what shows counts
    expect(await facts.innerText()).toMatch(/^orders\s+one permit$/);
    expect(await page.locator('#charts h2:visible').allTextContents()).toStrictEqual([
      'Traffic per second',
      'Held and waiting',
      'Time to get a lock',
      'Time locks were held',
    ]);
    for (const width of [1600, 1000, 390]) {
      await page.setViewportSize({ width, height: 1_000 });
      await keepScreenshot(page, `unsharded-${width}`);
    }
  });

  it('leaves out of its metrics what only shards have', async () => {
    const { url, address } = await launchOverZooKeeper();
    const worker = new Worker(address, 'worker-1');
    await worker.lock('orders');
    const families = parseScrape(await (await fetch(`${url}metrics`)).text());
    const names = [...families.keys()];
    expect(names.filter((name) => /^ldlm_(shard|ring|journal|collections)_/.test(name))).toStrictEqual([]);
    const firstOf = (name: string): number | undefined => families.get(name)?.samples[0]?.value;
    expect([firstOf('ldlm_serving'), firstOf('ldlm_holders'), firstOf('ldlm_grants_total')]).toStrictEqual([
      1, 1, 1,
    ]);
  });
});
