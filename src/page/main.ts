import type { DashboardInfo, LocksWithheld, ServerSample } from '../contract/dashboard.ts';
import type { WatchStep } from '../contract/lock-info.ts';
import { AdminApi } from './admin-api.ts';
import { CHART_SLOTS, ChartsView } from './charts-view.ts';
import { find, setText } from './element.ts';
import { EventFeed, type FeedListener } from './event-feed.ts';
import { LinkState } from './link-state.ts';
import { LockBook } from './lock-book.ts';
import type { LockRow } from './lock-row.ts';
import { LocksView } from './locks-view.ts';
import { SampleHistory } from './sample-history.ts';
import { ServerClock } from './server-clock.ts';
import { formatAge, groupDigits } from './text-format.ts';
import { UnlockDialog } from './unlock-dialog.ts';

/** With more rows than this, all that came since the snapshot included, the page asks for a part of them. */
const ROWS_MAX = 40_000;
/** How often the details that are shown are asked for where they are not known in full, in ms. */
const DETAILS_MS = 2_000;
const TOAST_MS = 6_000;

/** The page: what comes in by the feed goes into the book, and the views show it. */
class Dashboard implements FeedListener {
  readonly #api = new AdminApi();
  readonly #book = new LockBook();
  readonly #clock = new ServerClock();
  readonly #history = new SampleHistory(CHART_SLOTS);
  readonly #link = new LinkState();
  readonly #charts = new ChartsView(find('charts', HTMLElement));
  readonly #unlock = new UnlockDialog(this.#api, this.#book, (text) => this.#toast(text));
  readonly #locks = new LocksView(this.#book, {
    unlockRow: (row) => this.#askAbout(row),
    unlock: (row, holders) => this.#unlock.open(row, holders, false, this.#nowMs()),
    unlockAll: (row) => this.#unlock.open(row, row.holders, true, this.#nowMs()),
    toggled: (row) => void this.#complete(row),
    askFor: (prefix) => {
      this.#book.markStale();
      this.#feed.reopen({ prefix, locks: true });
    },
  });
  readonly #feed = new EventFeed(this.#api, this);
  #info: DashboardInfo | null = null;
  #bookVersion = -1;
  #toasting = 0;

  start(): void {
    setText(find('place', HTMLElement), location.host);
    this.#feed.start();
    window.setInterval(() => this.#everySecond(), 1_000);
    window.setInterval(() => this.#completeShown(), DETAILS_MS);
  }

  connected(info: DashboardInfo): void {
    // Another version has another page.
    if (this.#info !== null && this.#info.version !== info.version) location.reload();
    if (this.#info?.startedMs !== info.startedMs) this.#history.interrupt();
    this.#info = info;
    document.body.classList.toggle('is-unsharded', !info.isSharded);
    this.#clock.restart();
    this.#book.begin(info.shards);
    this.#link.connected();
    setText(find('version', HTMLElement), info.version);
  }

  disconnected(reason: string): void {
    this.#link.disconnected(reason);
    this.#book.markStale();
  }

  step(step: WatchStep): void {
    this.#book.apply(step);
    if (this.#locks.isWithheld && this.#feed.isOfAll && this.#book.isComplete) this.#locks.setWithheld(null);
  }

  past(samples: readonly ServerSample[]): void {
    this.#history.fill(samples);
  }

  sample(sample: ServerSample): void {
    this.#clock.told(sample.timeMs, performance.now());
    this.#history.add(sample);
    this.#charts.draw(this.#history);
    setText(find('connections', HTMLElement), groupDigits(sample.connections));
    setText(find('sessions', HTMLElement), groupDigits(sample.sessions));
  }

  withheld(withheld: LocksWithheld): void {
    this.#book.clear();
    this.#locks.setWithheld(withheld);
  }

  frame(): void {
    if (this.#book.rows.size > ROWS_MAX) {
      this.withheld({ count: this.#book.rows.size, locksMax: ROWS_MAX });
      this.#feed.reopen({ prefix: '', locks: false });
    }
    this.#locks.frame(this.#nowMs(), this.#link);
    if (this.#bookVersion === this.#book.version) return;
    this.#bookVersion = this.#book.version;
    this.#showLink();
    this.#unlock.refresh(this.#nowMs());
  }

  #everySecond(): void {
    this.#showLink();
    this.#unlock.refresh(this.#nowMs());
    const startedMs = this.#info?.startedMs;
    if (startedMs !== undefined && this.#link.isConnected) {
      setText(find('uptime', HTMLElement), formatAge(this.#nowMs() - startedMs));
    }
  }

  #showLink(): void {
    const isComplete = this.#book.isComplete || (this.#locks.isWithheld && this.#feed.isOfAll);
    const { kind, text } = this.#link.text(this.#book.missedCount, isComplete, performance.now());
    find('link', HTMLElement).dataset['state'] = kind;
    setText(find('link-text', HTMLElement), text);
  }

  #askAbout(row: LockRow): void {
    if (row.holders.length > 0) this.#unlock.open(row, row.holders, false, this.#nowMs());
    else void this.#complete(row);
  }

  #completeShown(): void {
    for (const name of this.#locks.expandedNames) {
      const row = this.#book.rows.get(name);
      if (row !== undefined) void this.#complete(row);
    }
  }

  /** Asks for what is not known of a lock: the events tell of those who come and go, not of those who were there. */
  async #complete(row: LockRow): Promise<void> {
    if (!row.isPartial || !this.#link.isConnected) return;
    try {
      this.#book.replace(await this.#api.lock(row.name));
    } catch {
      // It is shown as far as it is known; the next attempt comes soon.
    }
  }

  #toast(text: string): void {
    const toast = find('toast', HTMLElement);
    setText(toast, text);
    toast.classList.add('is-shown');
    clearTimeout(this.#toasting);
    this.#toasting = window.setTimeout(() => {
      toast.classList.remove('is-shown');
      setText(toast, '');
    }, TOAST_MS);
  }

  #nowMs(): number {
    return this.#clock.nowMs(performance.now(), Date.now());
  }
}

new Dashboard().start();
