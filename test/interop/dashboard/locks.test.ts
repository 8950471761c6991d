import { describe, expect, it } from 'vitest';
import { rowOf, shownNames, suiteBrowser } from './browser.ts';
import { launchDashboard, Worker } from './dashboard-server.ts';

const browser = suiteBrowser();

describe('the dashboard', () => {
  it('shows a lock that a client takes, and who waits for it', async () => {
    const { url, address } = await launchDashboard();
    const page = await browser.open(url);
    await page.getByText('No locks').waitFor();
    const key = await new Worker(address, 'worker-1').lock('orders', { lock_timeout_seconds: 600 });
    const row = rowOf(page, 'orders');
    await row.waitFor();
    expect(await row.locator('.cell-holder').textContent()).toMatch(/^worker-1127\.0\.0\.1:\d+$/);
    expect(await row.locator('.cell-mode').textContent()).toBe('exclusive');
    expect(await row.locator('.cell-key').textContent()).toBe(key.slice(0, 8));
    expect(await row.locator('.cell-remaining').textContent()).toMatch(/^(9 min \d\d s|10 min 00 s)$/);
    expect(await row.locator('.cell-token').textContent()).toMatch(/^\d{15,19}$/);
    void new Worker(address, 'worker-2').wait('orders');
    void new Worker(address, 'worker-3').wait('orders', { wait_timeout_seconds: 50 });
    await row.locator('.cell-waiters', { hasText: /^2$/ }).waitFor();
    await row.getByRole('button', { name: 'orders', exact: true }).click();
    const waiters = page.getByRole('table', { name: /^Who waits for orders/ }).getByRole('row');
    expect(await waiters.nth(1).textContent()).toMatch(/^1worker-2.*never$/);
    expect(await waiters.nth(2).textContent()).toMatch(/^2worker-3.*4\d s$/);
    // The whole key is nowhere in the page.
    expect(await page.content()).not.toContain(key.slice(0, 12));
  });

  it('shows a lock no longer when its holder leaves', async () => {
    const { url, address } = await launchDashboard();
    const worker = new Worker(address, 'worker-1');
    await worker.lock('orders');
    const page = await browser.open(url);
    await rowOf(page, 'orders').waitFor();
    worker.leave();
    await rowOf(page, 'orders').waitFor({ state: 'detached' });
    await page.getByText('No locks').waitFor();
  });

  it('searches by a part of the name, its beginning, or the holder', async () => {
    const { url, address } = await launchDashboard();
    const worker = new Worker(address, 'batch on node-7');
    for (const name of ['orders/1', 'orders/2', 'my-orders', 'Mail']) await worker.lock(name);
    await new Worker(address, 'cron').lock('nightly');
    const page = await browser.open(url);
    const search = page.getByRole('searchbox', { name: 'Search by name or holder' });
    const finds = async (text: string, names: readonly string[]): Promise<void> => {
      await search.fill(text);
      await page.getByText(new RegExp(`^${names.length} of 5 locks found$`)).waitFor({ state: 'attached' });
      expect((await shownNames(page)).sort()).toStrictEqual(names);
    };
    await rowOf(page, 'nightly').waitFor();
    await finds('ORDERS', ['my-orders', 'orders/1', 'orders/2']);
    await finds('cron', ['nightly']);
    await finds('nothing like it', []);
    await page.getByText('Nothing found').waitFor();
    await page.getByRole('combobox', { name: 'Where the text is looked for' }).selectOption('Begins with');
    await finds('orders', ['orders/1', 'orders/2']);
    await finds('m', ['my-orders']);
  });

  it('sorts by any column, both ways', async () => {
    const { url, address } = await launchDashboard();
    const [b, a, c] = ['b', 'a', 'c'].map((holder) => new Worker(address, holder));
    await b!.lock('one', { lock_timeout_seconds: 300 });
    await a!.lock('two');
    await c!.lock('three', { lock_timeout_seconds: 100 });
    void new Worker(address, 'late').wait('two');
    const page = await browser.open(url);
    await rowOf(page, 'two').locator('.cell-waiters', { hasText: '1' }).waitFor();
    const sorted = async (column: string, order: string, names: readonly string[]): Promise<void> => {
      await page.getByRole('button', { name: column, exact: true }).click();
      await page.locator(`th[aria-sort=${order}]`, { hasText: column }).waitFor();
      await expect.poll(() => shownNames(page)).toStrictEqual(names);
    };
    await expect.poll(() => shownNames(page)).toStrictEqual(['one', 'two', 'three']);
    await sorted('Age', 'ascending', ['three', 'two', 'one']);
    await sorted('Name', 'ascending', ['one', 'three', 'two']);
    await sorted('Name', 'descending', ['two', 'three', 'one']);
    await sorted('Held by', 'ascending', ['two', 'one', 'three']);
    await sorted('Remaining', 'ascending', ['three', 'one', 'two']);
    await sorted('Waiting', 'descending', ['two', 'one', 'three']);

    expect(await page.locator('th[aria-sort]').count()).toBe(1);
  });

  it('unlocks a lock, and shows the waiter get it', async () => {
    const { url, address } = await launchDashboard();
    const key = await new Worker(address, 'worker-1').lock('orders');
    const next = new Worker(address, 'worker-2');
    const granted = next.wait('orders');
    const page = await browser.open(url);
    const row = rowOf(page, 'orders');
    await row.locator('.cell-waiters', { hasText: '1' }).waitFor();
    await row.getByRole('button', { name: 'Unlock orders' }).click();
    const dialog = page.getByRole('dialog', { name: 'Unlock this lock?' });
    expect(await dialog.textContent()).toMatch(/worker-1 \(127\.0\.0\.1:\d+\)/);
    expect(await dialog.textContent()).toContain(`Key${key.slice(0, 8)}…`);
    expect(await dialog.textContent()).toMatch(/Next is worker-2, who has waited for \d+ s\./);
    await dialog.getByRole('button', { name: 'Cancel' }).click();
    await dialog.waitFor({ state: 'hidden' });
    expect(await row.locator('.cell-holder').textContent()).toContain('worker-1');
    await row.getByRole('button', { name: 'Unlock orders' }).click();
    await dialog.getByRole('button', { name: 'Unlock' }).click();
    const nextKey = await granted;
    await row.locator('.cell-holder', { hasText: 'worker-2' }).waitFor();
    await page.getByText('Unlocked orders.').waitFor();
    expect(await row.locator('.cell-key').textContent()).toBe(nextKey.slice(0, 8));
    expect(await next.unlock('orders', key)).toBe(false);
    expect(await next.unlock('orders', nextKey)).toBe(true);
  });

  it('does all of that with keys alone', async () => {
    const { url, address } = await launchDashboard();
    const worker = new Worker(address, 'worker-1');
    for (const name of ['orders', 'other', 'older']) await worker.lock(name);
    const granted = new Worker(address, 'worker-2').wait('orders');
    const page = await browser.open(url);
    await rowOf(page, 'orders').locator('.cell-waiters', { hasText: '1' }).waitFor();
    const { keyboard } = page;
    // What has the focus: by its label, its id or its text.
    const focused = () =>
      page.evaluate(
        '(({ ariaLabel, id, textContent }) => ariaLabel || id || textContent)(document.activeElement)',
      ) as Promise<string>;
    const tabTo = async (what: RegExp): Promise<void> => {
      const passed: string[] = [];
      while (passed.length < 60) {
        await keyboard.press('Tab');
        passed.push((await focused()).slice(0, 40));
        if (what.test(passed.at(-1)!)) return;
      }
      throw new Error(`the focus does not come to ${what}, but to ${passed.join(', ')}`);
    };
    await keyboard.press('Tab');
    await keyboard.press('Enter');
    expect(await focused()).toBe('locks');
    await tabTo(/^search$/);
    await keyboard.type('orders');
    await expect.poll(() => shownNames(page)).toStrictEqual(['orders']);
    await tabTo(/^Waiting/);
    await keyboard.press('Space');
    await page.locator('th[aria-sort=descending]', { hasText: 'Waiting' }).waitFor();
    await tabTo(/^orders$/);
    await keyboard.press('Enter');
    await page.getByRole('table', { name: /^Who waits for orders/ }).waitFor();
    await tabTo(/^Unlock worker-1, key/);
    // Where the focus is, is seen.
    expect(await page.evaluate('getComputedStyle(document.activeElement).outlineStyle')).toBe('solid');
    await keyboard.press('Enter');
    const dialog = page.getByRole('dialog', { name: 'Unlock this lock?' });
    await dialog.waitFor();
    await keyboard.press('Escape');
    await dialog.waitFor({ state: 'hidden' });
    expect(await focused()).toMatch(/^Unlock worker-1, key/);
    await keyboard.press('Enter');
    await dialog.waitFor();
    await tabTo(/^unlock-confirm$/);
    await keyboard.press('Enter');
    await granted;
    await rowOf(page, 'orders').locator('.cell-holder', { hasText: 'worker-2' }).waitFor();
  });

  it('asks again at once after it was told no', async () => {
    const { url, address } = await launchDashboard();
    await new Worker(address, 'worker-1').lock('orders');
    const page = await browser.open(url);
    await rowOf(page, 'orders').getByRole('button', { name: 'Unlock orders' }).click();
    // The browser tells that a dialog was closed when it may be open again already.
    await page.evaluate(`
      document.getElementById('unlock-cancel').click();
      document.querySelector('[aria-label="Unlock orders"]').click();
    `);
    await page.getByRole('dialog').getByRole('button', { name: 'Unlock' }).click();
    await page.getByText('Unlocked orders.').waitFor({ timeout: 10_000 });
  });

  it('shows several holders, and unlocks one of them or all', async () => {
    const { url, address } = await launchDashboard();
    const holders = ['a', 'b', 'c', 'd'].map((holder) => new Worker(address, holder));
    for (const holder of holders) await holder.lock('pool', { size: 4 });
    const page = await browser.open(url);
    const row = rowOf(page, 'pool');
    await row.waitFor();
    expect(await row.locator('.cell-permits').textContent()).toBe('4 of 4');
    await row.getByRole('button', { name: 'Choose a holder to unlock: pool' }).click();
    const table = page.getByRole('table', { name: 'Holders of pool' });
    await table.getByRole('button', { name: /^Unlock b, key/ }).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByRole('button', { name: 'Unlock' }).click();
    await row.locator('.cell-permits', { hasText: '3 of 4' }).waitFor();
    expect(await table.locator('.claimant bdi').allTextContents()).toStrictEqual(['a', 'c', 'd']);
    await page.getByRole('button', { name: 'Unlock all 3 holders' }).click();
    await page
      .getByRole('dialog', { name: 'Unlock all 3 holders?' })
      .getByRole('button', { name: 'Unlock' })
      .click();
    await page.getByText('Unlocked pool from 3 holders.').waitFor();
  });

  it('says so when the lock has changed hands before it was confirmed', async () => {
    const { url, address } = await launchDashboard();
    const first = new Worker(address, 'worker-1');
    const key = await first.lock('orders');
    const page = await browser.open(url);
    await rowOf(page, 'orders').getByRole('button', { name: 'Unlock orders' }).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByText('Nobody waits for it: it will be free.').waitFor();
    await first.unlock('orders', key);
    const second = new Worker(address, 'worker-2');
    await second.lock('orders');
    await dialog.getByText('Released in the meantime: there is nothing left to do.').waitFor();
    expect(await dialog.getByRole('button', { name: 'Unlock' }).isDisabled()).toBe(true);
  });

  it('keeps what is under the pointer where it is, until the pointer leaves', async () => {
    const { url, address } = await launchDashboard();
    const worker = new Worker(address, 'worker-1');
    const key = await worker.lock('m');
    const page = await browser.open(url);
    await rowOf(page, 'm').waitFor();
    await page.getByRole('button', { name: 'Name', exact: true }).click();
    await rowOf(page, 'm').hover();
    await worker.lock('a');
    await page.getByText('Order held while you use the table').waitFor();
    expect(await shownNames(page)).toStrictEqual(['m']);
    await worker.unlock('m', key);
    await rowOf(page, 'm').getByText('released').waitFor();
    expect(await page.getByRole('button', { name: 'Unlock m' }).isDisabled()).toBe(true);
    await page.mouse.move(5, 5);
    await expect.poll(() => shownNames(page)).toStrictEqual(['a']);
    await page.getByText('Order held').waitFor({ state: 'hidden' });
  });

  it('shows names with markup, and with characters that are not seen, as text', async () => {
    const { url, address } = await launchDashboard();
    const worker = new Worker(address, '<b onclick=alert(2)>holder</b>');
    const markup = '<img src=x onerror="document.title=1"><script>document.title=2</script>';
    for (const name of [markup, 'evil\u202etxt.exe', 'a\nb', 'ünïcode 🔒', ' spaces  inside ']) {
      await worker.lock(name);
    }
    const page = await browser.open(url);
    await expect.poll(async () => (await shownNames(page)).length).toBe(5);
    const expected = [markup, 'evil\\u{202e}txt.exe', 'a\\u{a}b', 'ünïcode 🔒', ' spaces  inside '];
    expect(new Set(await shownNames(page))).toStrictEqual(new Set(expected));
    const row = page.locator('tr.lock').first();
    expect(await row.locator('.holder').textContent()).toBe('<b onclick=alert(2)>holder</b>');
    for (const toggle of await page.locator('.toggle').all()) await toggle.click();
    await page.getByText(markup).first().waitFor();
    const button = page.locator('tr.lock', { hasText: markup }).getByRole('button', { name: /^Unlock/ });
    await button.click();
    expect(await page.locator('#unlock-name').textContent()).toBe(markup);
    await page.getByRole('dialog').getByRole('button', { name: 'Unlock' }).click();
    await expect.poll(async () => (await shownNames(page)).length).toBe(4);
    expect(await page.title()).toBe('Locks – ldlm');
    expect(await page.locator('#rows img, #rows script, #rows b').count()).toBe(0);
  });
});
