import type { UnlockRequestBody } from '../contract/dashboard.ts';
import type { HolderInfo } from '../contract/lock-info.ts';
import type { AdminApi } from './admin-api.ts';
import { element, find, setText } from './element.ts';
import { addressOf, claimantOf, heldFor, modeOf } from './holder-text.ts';
import type { LockBook } from './lock-book.ts';
import type { LockRow } from './lock-row.ts';
import { nextInLine } from './next-in-line.ts';
import { formatAge, formatNumberOf, groupDigits, visibleText } from './text-format.ts';

const HOLDERS_SHOWN = 5;

/** What is asked about. */
interface Subject {
  readonly name: string;
  /** As they were when the dialog was opened. */
  readonly holders: readonly HolderInfo[];
  readonly holderCount: number;
  readonly all: boolean;
}

/** Asks whether a lock is to be released: says who holds it since when, and who would get it. */
export class UnlockDialog {
  readonly #api: AdminApi;
  readonly #book: LockBook;
  readonly #onReleased: (text: string) => void;
  readonly #dialog = find('unlock', HTMLDialogElement);
  readonly #confirm = find('unlock-confirm', HTMLButtonElement);
  readonly #error = find('unlock-error', HTMLElement);
  #subject: Subject | null = null;
  #opener: Element | null = null;
  #isSending = false;

  constructor(api: AdminApi, book: LockBook, onReleased: (text: string) => void) {
    this.#api = api;
    this.#book = book;
    this.#onReleased = onReleased;
    find('unlock-cancel', HTMLButtonElement).addEventListener('click', () => this.#dialog.close());
    this.#confirm.addEventListener('click', () => void this.#send());
    this.#dialog.addEventListener('close', () => this.#closed());
    this.#dialog.addEventListener('click', (event) => {
      // Beside the dialog, which fills itself, there is its backdrop.
      if (event.target === this.#dialog) this.#dialog.close();
    });
  }

  /** Asks about some holders, or with `all` about all that there are. */
  open(row: LockRow, holders: readonly HolderInfo[], all: boolean, nowMs: number): void {
    this.#subject = { name: row.name, holders, holderCount: all ? row.holderCount : holders.length, all };
    this.#opener = document.activeElement;
    this.#isSending = false;
    setText(this.#error, '');
    const { holderCount } = this.#subject;
    setText(
      find('unlock-title', HTMLElement),
      all ? `Unlock all ${groupDigits(holderCount)} holders?` : 'Unlock this lock?',
    );
    setText(find('unlock-name', HTMLElement), visibleText(row.name, 1_000));
    const shown = holders.slice(0, HOLDERS_SHOWN).map((holder) => holderFacts(holder, nowMs));
    const more = holderCount - shown.length;
    if (more > 0) shown.push(element('p', { class: 'note' }, `and ${groupDigits(more)} more`));
    find('unlock-holders', HTMLElement).replaceChildren(...shown);
    this.refresh(nowMs);
    this.#dialog.showModal();
  }

  /** What has changed since: called every second and whenever the lock may have changed. */
  refresh(nowMs: number): void {
    const subject = this.#subject;
    if (subject === null) return;
    const row = this.#book.rows.get(subject.name);
    const isGone = row === undefined || !this.#stillHolds(row, subject);
    this.#confirm.disabled = isGone || this.#isSending;
    const text = isGone
      ? 'Released in the meantime: there is nothing left to do.'
      : nextText(row, subject.holders, nowMs);
    setText(find('unlock-next', HTMLElement), text);
  }

  #stillHolds(row: LockRow, { holders, all }: Subject): boolean {
    // Holders that are not known by name may be among them.
    if (all || row.isPartial) return row.holderCount > 0;
    return holders.some(({ claimId }) => row.holders.some((holder) => holder.claimId === claimId));
  }

  async #send(): Promise<void> {
    const subject = this.#subject;
    if (subject === null || this.#isSending) return;
    this.#isSending = true;
    this.#confirm.disabled = true;
    setText(this.#error, '');
    try {
      const { released } = await this.#api.unlock(requestFor(subject));
      const who = released === 1 ? '' : ` from ${formatNumberOf(released, 'holder')}`;
      this.#onReleased(`Unlocked ${visibleText(subject.name, 80)}${who}.`);
      if (this.#subject === subject) this.#dialog.close();
    } catch (error) {
      if (this.#subject !== subject) return;
      const reason = error instanceof Error ? error.message : String(error);
      setText(this.#error, `Nothing was unlocked: ${reason}.`);
      this.#confirm.disabled = false;
    } finally {
      if (this.#subject === subject) this.#isSending = false;
    }
  }

  #closed(): void {
    // The event comes late: the dialog may have been opened again, for another lock.
    if (this.#dialog.open) return;
    this.#subject = null;
    const opener = this.#opener;
    this.#opener = null;
    // The button may have gone with its row, or may have nothing more to do.
    const isUsable = opener instanceof HTMLButtonElement && opener.isConnected && !opener.disabled;
    (isUsable ? opener : find('locks', HTMLElement)).focus({ preventScroll: true });
  }
}

function requestFor({ name, holders, all }: Subject): UnlockRequestBody {
  return all ? { name, all: true } : { name, key: holders[0]!.key };
}

function holderFacts(holder: HolderInfo, nowMs: number): HTMLElement {
  const earliest = holder.isSinceAsked === true ? 'at the earliest ' : '';
  const since = `${earliest}${new Date(holder.sinceMs).toLocaleString()}, for ${heldFor(holder, nowMs)}`;
  const address = addressOf(holder);
  const facts: readonly (readonly [string, string])[] = [
    ['Held by', address === '' ? claimantOf(holder) : `${claimantOf(holder)} (${address})`],
    ['Since', since],
    ['As', `${modeOf(holder)}, ${formatNumberOf(holder.permits, 'permit')}`],
    ['Key', `${holder.key}…`],
    ['Fencing token', holder.fencingToken],
  ];
  const rows = facts.map(([title, text]) =>
    element('div', {}, element('dt', {}, title), element('dd', {}, element('bdi', {}, text))),
  );
  return element('dl', { class: 'unlock-holder' }, ...rows);
}

function nextText(row: LockRow, holders: readonly HolderInfo[], nowMs: number): string {
  const next = nextInLine(row, holders);
  if (next.kind === 'nobody') return 'Nobody waits for it: it will be free.';
  if (next.kind === 'unknown')
    return `${groupDigits(next.waiterCount)} wait for it; the first of them gets it.`;
  const waiter = `${claimantOf(next.waiter)}, who has waited for ${formatAge(nowMs - next.waiter.sinceMs)}`;
  const permits = formatNumberOf(next.waiter.permits, 'permit');
  return next.kind === 'granted'
    ? `Next is ${waiter}.`
    : `First in line is ${waiter}; ${permits} will not be free yet.`;
}
