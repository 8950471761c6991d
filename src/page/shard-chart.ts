import type { ServerSample } from '../contract/dashboard.ts';
import { element, setText } from './element.ts';
import type { Moment } from './sample-history.ts';
import { busiestShare } from './shard-balance.ts';
import { formatCount, formatNumberOf } from './text-format.ts';

interface ShardColumn {
  readonly root: HTMLElement;
  readonly requests: HTMLElement;
  readonly holders: HTMLElement;
  readonly words: HTMLElement;
}

/** How evenly the shards are used: two bars for each, beside those of the busiest one. */
export class ShardChart {
  readonly root: HTMLElement;
  readonly #list = element('ol', { class: 'shards' });
  readonly #share = element('span', { class: 'chart-when' });
  readonly #requests = element('dd', {}, '–');
  readonly #holders = element('dd', {}, '–');
  #columns: readonly ShardColumn[] = [];

  constructor() {
    this.root = element(
      'section',
      { class: 'card of-shards' },
      element('header', { class: 'card-head' }, element('h2', {}, 'Shards'), this.#share),
      this.#list,
      element(
        'dl',
        { class: 'legend' },
        element('div', {}, element('dt', {}, swatch(0), 'requests/s, busiest'), this.#requests),
        element('div', {}, element('dt', {}, swatch(1), 'holders, most'), this.#holders),
      ),
    );
  }

  draw(sample: ServerSample, moment: Moment | undefined): void {
    if (this.#columns.length !== sample.shards.length) this.#rebuild(sample.shards.length);
    const rates = sample.shards.map((_shard, index) => moment?.shardRequests[index] ?? 0);
    const holders = sample.shards.map((shard) => shard.holders);
    const rateMax = Math.max(...rates);
    const holdersMax = Math.max(...holders);
    for (const [index, column] of this.#columns.entries()) {
      column.requests.style.setProperty('transform', scaleTo(rates[index]!, rateMax));
      column.holders.style.setProperty('transform', scaleTo(holders[index]!, holdersMax));
      const { waiters } = sample.shards[index]!;
      const words = `Shard ${index}: ${formatCount(rates[index]!)} requests per second, ${formatNumberOf(holders[index]!, 'holder')}, ${waiters} waiting`;
      setText(column.words, words);
      column.root.title = words;
    }
    setText(this.#requests, formatCount(rateMax));
    setText(this.#holders, formatCount(holdersMax));
    const share = busiestShare(rates);
    setText(this.#share, share === null ? 'idle' : `busiest ${share.toFixed(2)} × mean`);
  }

  #rebuild(count: number): void {
    this.#columns = Array.from({ length: count }, (_none, index) => {
      const requests = element('span', { class: 'bar series-0' });
      const holders = element('span', { class: 'bar series-1' });
      const words = element('span', { class: 'hidden' });
      const bars = element('span', { class: 'bars', 'aria-hidden': 'true' }, requests, holders);
      const number = element('span', { class: 'shard-number', 'aria-hidden': 'true' }, String(index));
      return { root: element('li', {}, words, bars, number), requests, holders, words };
    });
    this.#list.replaceChildren(...this.#columns.map(({ root }) => root));
    this.#list.classList.toggle('is-dense', count > 16);
  }
}

function swatch(index: number): HTMLElement {
  return element('span', { class: `swatch series-${index}`, 'aria-hidden': 'true' });
}

function scaleTo(value: number, maximum: number): string {
  return `scaleY(${maximum === 0 ? 0 : value / maximum})`;
}
