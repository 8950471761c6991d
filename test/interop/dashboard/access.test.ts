import { describe, expect, it } from 'vitest';
import { tlsFlags } from '../tls-fixture.ts';
import { live, rowOf, suiteBrowser } from './browser.ts';
import { launchDashboard, Worker } from './dashboard-server.ts';

const browser = suiteBrowser();

describe('the dashboard of a server with a password', () => {
  it('works in a browser that was told the password, and shows nothing to others', async () => {
    const { url, address } = await launchDashboard(['--password', 'secret']);
    const key = await new Worker(address, 'worker-1', { password: 'secret' }).lock('orders');
    const httpCredentials = { username: 'anybody', password: 'secret' };
    const page = await browser.open(url, { httpCredentials });
    await rowOf(page, 'orders').getByRole('button', { name: 'Unlock orders' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Unlock' }).click();
    await page.getByText('Unlocked orders.').waitFor();
    expect(await new Worker(address, 'worker-2', { password: 'secret' }).unlock('orders', key)).toBe(false);

    const answer = await (await browser.context()).request.get(url);
    expect(answer.status()).toBe(401);
    expect(answer.headers()['www-authenticate']).toMatch(/^Basic /);
  });
});

describe('the dashboard over TLS', () => {
  it('works the same, with a cookie that is sent over TLS only', async () => {
    const { address, adminAddress } = await launchDashboard([...tlsFlags]);
    await new Worker(address, 'worker-1', { credentials: 'tls' }).lock('orders');
    const context = await browser.context({ ignoreHTTPSErrors: true });
    const page = await context.newPage();
    await page.goto(`https://${adminAddress}/`);
    await live(page);
    expect(await context.cookies()).toMatchObject([{ httpOnly: true, secure: true, sameSite: 'Strict' }]);
    await rowOf(page, 'orders').getByRole('button', { name: 'Unlock orders' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Unlock' }).click();
    await page.getByText('Unlocked orders.').waitFor();
  });
});
