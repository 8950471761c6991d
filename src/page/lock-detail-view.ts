import type { HolderInfo, WaiterInfo } from '../contract/lock-info.ts';
import { element, setText } from './element.ts';
import { addressOf, claimantOf, heldFor, modeOf, remainingOf } from './holder-text.ts';
import type { LockRow } from './lock-row.ts';
import { formatAge, formatNumberOf, groupDigits, visibleText } from './text-format.ts';

/** What a lock's details ask for. */
export interface DetailActions {
  unlock(row: LockRow, holders: readonly HolderInfo[]): void;
  unlockAll(row: LockRow): void;
}

interface TimedCell {
  readonly target: HTMLElement;
  readonly text: (nowMs: number) => string;
}

/** All holders of a lock, and its waiters in their order. It stands below the lock's row while that is expanded. */
export class LockDetailView {
  readonly root: HTMLTableRowElement;
  readonly #body = element('div', { class: 'detail-body' });
  readonly #actions: DetailActions;
  #times: TimedCell[] = [];
  #row: LockRow | null = null;
  #version = -1;

  constructor(columnCount: number, actions: DetailActions) {
    this.#actions = actions;
    this.root = element(
      'tr',
      { class: 'detail' },
      element('td', { colspan: String(columnCount) }, this.#body),
    );
  }

  draw(row: LockRow, nowMs: number): void {
    if (row !== this.#row || row.version !== this.#version) this.#rebuild(row);
    for (const { target, text } of this.#times) setText(target, text(nowMs));
  }

  #rebuild(row: LockRow): void {
    const focused = this.#focusedKey();
    this.#row = row;
    this.#version = row.version;
    this.#times = [];
    this.#body.replaceChildren(this.#facts(row), this.#holders(row), this.#waiters(row));
    if (focused !== null) this.#body.querySelector<HTMLElement>(`[data-claim="${focused}"]`)?.focus();
  }

  /** The claim whose button has the focus, so that it has it again when the list is made anew. */
  #focusedKey(): string | null {
    const { activeElement } = document;
    if (!(activeElement instanceof HTMLElement) || !this.#body.contains(activeElement)) return null;
    return activeElement.dataset['claim'] ?? null;
  }

  #facts(row: LockRow): HTMLElement {
    const name = element('bdi', { class: 'detail-name' }, visibleText(row.name));
    const permits = row.size === 1 ? 'one permit' : `${groupDigits(row.size)} permits`;
    const shard = element('span', { class: 'of-shards' }, `, on shard ${row.shard}`);
    return element('p', { class: 'detail-facts' }, name, element('span', {}, permits, shard));
  }

  #holders(row: LockRow): HTMLElement {
    const rows = row.holders.map((holder) => this.#holder(row, holder));
    const head = [
      title('Held by', 'claimant'),
      ...['Mode', 'Permits', 'Held for', 'Remaining'].map((text) => title(text)),
      title('Fencing token', 'token'),
      title('Key'),
      title('Action', 'cell-action'),
    ];
    const table = claimTable(`Holders of ${visibleText(row.name, 100)}`, head, rows);
    const heading = element('h3', {}, formatNumberOf(row.holderCount, 'holder'));
    const parts: Node[] = [heading, row.holderCount === 0 ? note('Nobody holds it at this moment.') : table];
    if (row.holderCount > rows.length)
      parts.push(note(`and ${groupDigits(row.holderCount - rows.length)} more`));
    if (row.holderCount > 1) {
      const all = element('button', { type: 'button', class: 'danger-quiet', 'data-claim': 'all' });
      all.textContent = `Unlock all ${groupDigits(row.holderCount)} holders`;
      all.addEventListener('click', () => this.#actions.unlockAll(row));
      parts.push(all);
    }
    return element('section', { class: 'detail-list' }, ...parts);
  }

  #holder(row: LockRow, holder: HolderInfo): HTMLElement {
    const unlock = element(
      'button',
      { type: 'button', class: 'quiet', 'data-claim': holder.claimId },
      'Unlock',
    );
    unlock.setAttribute('aria-label', `Unlock ${claimantOf(holder)}, key ${holder.key}`);
    unlock.addEventListener('click', () => this.#actions.unlock(row, [holder]));
    return element(
      'tr',
      {},
      claimant(holder),
      element('td', { 'data-label': 'Mode' }, modeOf(holder)),
      element('td', { 'data-label': 'Permits' }, groupDigits(holder.permits)),
      this.#timed('Held for', (nowMs) => heldFor(holder, nowMs)),
      this.#timed('Remaining', (nowMs) => remainingOf(holder, nowMs)),
      element('td', { class: 'mono token', 'data-label': 'Token' }, holder.fencingToken),
      element('td', { class: 'mono', 'data-label': 'Key' }, holder.key),
      element('td', { class: 'cell-action' }, unlock),
    );
  }

  #waiters(row: LockRow): HTMLElement {
    const rows = row.waiters.map((waiter, index) => this.#waiter(waiter, index));
    const head = [
      title('Place', 'queue-place'),
      title('Waits', 'claimant'),
      ...['Mode', 'Permits', 'Has waited', 'Gives up in'].map((text) => title(text)),
    ];
    const table = claimTable(`Who waits for ${visibleText(row.name, 100)}, next one first`, head, rows);
    const heading = element('h3', {}, `${groupDigits(row.waiterCount)} waiting`);
    const parts: Node[] = [heading, row.waiterCount === 0 ? note('Nobody waits for it.') : table];
    const more = row.waiterCount - rows.length;
    if (more > 0) parts.push(note(`and ${groupDigits(more)} more behind them`));
    return element('section', { class: 'detail-list' }, ...parts);
  }

  #waiter(waiter: WaiterInfo, index: number): HTMLElement {
    return element(
      'tr',
      {},
      element('td', { class: 'queue-place', 'data-label': 'Place' }, String(index + 1)),
      claimant(waiter),
      element('td', { 'data-label': 'Mode' }, modeOf(waiter)),
      element('td', { 'data-label': 'Permits' }, groupDigits(waiter.permits)),
      this.#timed('Has waited', (nowMs) => formatAge(nowMs - waiter.sinceMs)),
      this.#timed('Gives up in', (nowMs) =>
        waiter.deadlineMs === null ? 'never' : remainingOf(waiter, nowMs),
      ),
    );
  }

  #timed(label: string, text: (nowMs: number) => string): HTMLElement {
    const target = element('td', { 'data-label': label });
    this.#times.push({ target, text });
    return target;
  }
}

function claimant(claim: HolderInfo | WaiterInfo): HTMLElement {
  return element(
    'td',
    { class: 'claimant' },
    element('bdi', {}, claimantOf(claim)),
    element('span', { class: 'address' }, addressOf(claim)),
  );
}

function claimTable(label: string, head: readonly HTMLElement[], rows: readonly HTMLElement[]): HTMLElement {
  return element(
    'table',
    { class: 'claims', 'aria-label': label },
    element('thead', {}, element('tr', {}, ...head)),
    element('tbody', {}, ...rows),
  );
}

/** The title of a column; that of the buttons is heard, not seen. */
function title(text: string, className = ''): HTMLElement {
  const shown = className === 'cell-action' ? element('span', { class: 'hidden' }, text) : text;
  return element('th', { scope: 'col', class: className }, shown);
}

function note(text: string): HTMLElement {
  return element('p', { class: 'note' }, text);
}
