import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  type BrowserContext,
  type BrowserContextOptions,
  chromium,
  type Locator,
  type Page,
} from 'playwright-core';
import { afterAll, beforeAll, expect } from 'vitest';
import { peers } from '../peers.ts';
import { afterwards } from '../server-process.ts';

const flags = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

const desktop = { width: 1600, height: 1000 } as const;
export const phone = { width: 390, height: 844 } as const;

/** Debian's Chromium, for all tests of a suite. */
export interface SuiteBrowser {
  /** A page in a context of its own: no cookie and nothing in a cache. Whatever it reports as an error fails the test. */
  open(url: string, options?: BrowserContextOptions): Promise<Page>;
  /** A context that is closed after the test, for whoever expects errors. */
  context(options?: BrowserContextOptions): Promise<BrowserContext>;
}

export function suiteBrowser(): SuiteBrowser {
  let browser: Awaited<ReturnType<typeof chromium.launch>>;
  const folder = mkdtempSync(join(tmpdir(), 'ldlm-chromium-'));
  beforeAll(async () => {
    browser = await chromium.launch({
      executablePath: '/usr/bin/chromium',
      args: flags,
      // What it writes beside its profiles, which are of each context alone.
      env: { ...process.env, HOME: folder, XDG_CONFIG_HOME: folder, XDG_CACHE_HOME: folder },
    });
  });
  afterAll(async () => {
    await browser?.close();
    rmSync(folder, { recursive: true, force: true, maxRetries: 3 });
  });
  const context = async (options: BrowserContextOptions = {}): Promise<BrowserContext> => {
    const made = await browser.newContext({
      viewport: desktop,
      locale: 'en-GB',
      reducedMotion: 'reduce',
      ...options,
    });
    afterwards(() => made.close());
    return made;
  };
  return {
    context,
    open: async (url, options) => {
      const page = await (await context(options)).newPage();
      const errors: string[] = [];
      page.on('console', (message) => {
        if (['error', 'warning'].includes(message.type())) errors.push(message.text());
      });
      page.on('pageerror', (error) => errors.push(String(error)));
      afterwards(() => expect(errors, 'errors of the page').toStrictEqual([]));
      await page.goto(url);
      return page;
    },
  };
}

/** The row of a lock. */
export function rowOf(page: Page, name: string): Locator {
  return page.locator('tr.lock').filter({ has: page.getByRole('rowheader', { name, exact: true }) });
}

/** The names in the table from top to bottom. */
export function shownNames(page: Page): Promise<string[]> {
  return page.locator('tr.lock .cell-name bdi').allTextContents();
}

/** Waits until the page says that it knows all locks. */
export async function live(page: Page): Promise<void> {
  await page.locator('#link[data-state="live"]').waitFor();
}

/** Keeps a picture of what the page looks like in the folder that the run keeps. */
export async function keepScreenshot(page: Page, name: string): Promise<void> {
  const folder = join(peers.cache, 'screenshots');
  mkdirSync(folder, { recursive: true });
  await page.screenshot({ path: join(folder, `${name}.png`) });
}
