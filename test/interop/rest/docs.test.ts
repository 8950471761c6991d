import { describe, expect, it } from 'vitest';
import { suiteBrowser } from '../dashboard/browser.ts';
import { launchRest } from '../server-process.ts';

const browser = suiteBrowser();

describe('the page of the API in Chromium', () => {
  it('shows the operations, tries one, needs nothing from outside, and breaks no policy', async () => {
    const { rest } = await launchRest();
    const page = await (await browser.context()).newPage();
    const complaints: string[] = [];
    const origins = new Set<string>();
    page.on('console', (message) => complaints.push(`${message.type()}: ${message.text()}`));
    page.on('pageerror', (error) => complaints.push(error.message));
    page.on('request', (request) => origins.add(new URL(request.url()).origin));
    await page.goto(`http://${rest}/docs`);
    await page.waitForSelector('.opblock');
    expect(await page.locator('.opblock').count()).toBe(7);
    await page.locator('.opblock-summary').first().click();
    await page.getByRole('button', { name: 'Try it out' }).click();
    await page.getByRole('button', { name: 'Execute' }).click();
    const status = page.locator('.live-responses-table .response .response-col_status').first();
    expect(await status.textContent()).toContain('201');
    expect(complaints).toStrictEqual([]);
    expect([...origins]).toStrictEqual([`http://${rest}`]);
  });
});
