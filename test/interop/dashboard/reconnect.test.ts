import { describe, expect, it } from 'vitest';
import { keepScreenshot, live, rowOf, shownNames, suiteBrowser } from './browser.ts';
import { launchDashboard, Worker } from './dashboard-server.ts';

const browser = suiteBrowser();

describe('a server that is started again', () => {
  it('is taken up by the page with what it holds then', async () => {
    const first = await launchDashboard();
    await new Worker(first.address, 'worker-1').lock('before');
    // The browser reports each attempt that fails as an error.
    const page = await (await browser.context()).newPage();
    await page.goto(first.url);
    await live(page);
    await rowOf(page, 'before').waitFor();
    // An orderly stop would end the worker's session, and show that its lock is free.
    first.server.signal('SIGKILL');
    await first.server.end;
    await page.getByText('reconnecting').waitFor();
    // What is known stays, and is seen not to be sure.
    await page.locator('tr.lock.is-stale').waitFor();
    await keepScreenshot(page, 'light-reconnecting');
    const second = await launchDashboard([], first.adminAddress);
    await new Worker(second.address, 'worker-2').lock('after');
    await live(page);
    await expect.poll(() => shownNames(page)).toStrictEqual(['after']);
    expect(await page.locator('tr.lock.is-stale').count()).toBe(0);
    // The token of the first server is none of the second one.
    await rowOf(page, 'after').getByRole('button', { name: 'Unlock after' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Unlock' }).click();
    await page.getByText('Unlocked after.').waitFor();
  });
});
