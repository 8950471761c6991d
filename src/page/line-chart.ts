import { areaBelow, indexAt, linePath, type PlotArea, type ValueScale } from './chart-geometry.ts';
import { drawing, element, setText } from './element.ts';
import type { Moment } from './sample-history.ts';

const AREA: PlotArea = { width: 600, height: 100 };
const TICKS_MAX = 4;

/** One line of a chart. */
export interface ChartSeries {
  readonly label: string;
  readonly value: (moment: Moment) => number;
}

export interface ChartOptions {
  readonly title: string;
  /** What the values are, for whoever does not see the chart: `per second`. */
  readonly unit: string;
  readonly series: readonly ChartSeries[];
  /** How many moments fill the chart. */
  readonly slots: number;
  readonly scale: (values: readonly number[]) => ValueScale;
  readonly format: (value: number) => string;
}

interface DrawnSeries extends ChartSeries {
  readonly path: SVGPathElement;
  /** Below the first line alone, which the others stand before. */
  readonly area: SVGPathElement | null;
  readonly reading: HTMLElement;
}

/**
 * A chart of lines that move to the left, a step each second. What the lines say now, or where the pointer is, stands as
 * text in the legend; the drawing itself is described in words.
 */
export class LineChart {
  readonly root: HTMLElement;
  readonly #options: ChartOptions;
  readonly #series: readonly DrawnSeries[];
  readonly #drawing: SVGSVGElement;
  readonly #cursor = drawing('line', { class: 'chart-cursor', y1: '0', y2: String(AREA.height) });
  readonly #grid: readonly SVGLineElement[];
  readonly #ticks: readonly HTMLElement[];
  readonly #when = element('span', { class: 'chart-when' }, 'now');
  #moments: readonly Moment[] = [];
  /** Where the pointer is, in units of the drawing; null when it is elsewhere. */
  #pointerX: number | null = null;

  constructor(options: ChartOptions) {
    this.#options = options;
    this.#series = options.series.map((series, index) => ({
      ...series,
      path: drawing('path', { class: `chart-line series-${index}` }),
      area: index === 0 ? drawing('path', { class: 'chart-area series-0' }) : null,
      reading: element('dd', {}, '–'),
    }));
    this.#grid = Array.from({ length: TICKS_MAX }, () => drawing('line', { class: 'chart-grid', x2: '600' }));
    this.#ticks = this.#grid.map(() => element('span', { class: 'chart-tick', 'aria-hidden': 'true' }));
    this.#drawing = drawing(
      'svg',
      { class: 'chart-drawing', viewBox: '0 0 600 100', preserveAspectRatio: 'none', role: 'img' },
      ...this.#grid,
      ...this.#series.flatMap(({ area, path }) => (area === null ? [path] : [path, area])).reverse(),
      this.#cursor,
    );
    this.root = element(
      'section',
      { class: 'card' },
      element('header', { class: 'card-head' }, element('h2', {}, options.title), this.#when),
      element('div', { class: 'chart-plot' }, this.#drawing, ...this.#ticks),
      this.#legend(),
    );
    this.#drawing.addEventListener('pointermove', (event) => this.#point(event));
    this.#drawing.addEventListener('pointerleave', () => this.#point(null));
    this.draw([]);
  }

  draw(moments: readonly Moment[]): void {
    this.#moments = moments;
    const values = this.#series.map(({ value }) => moments.map(value));
    const scale = this.#options.scale(values.flat().filter((value) => !Number.isNaN(value)));
    for (const [index, { path, area }] of this.#series.entries()) {
      const line = linePath(values[index]!, this.#options.slots, scale, AREA);
      path.setAttribute('d', line);
      area?.setAttribute('d', areaBelow(line, AREA));
    }
    this.#drawGrid(scale);
    this.#read();
    this.#drawing.setAttribute('aria-label', this.#describe(values));
  }

  #legend(): HTMLElement {
    const entries = this.#series.map(({ label, reading }, index) =>
      element(
        'div',
        {},
        element('dt', {}, element('span', { class: `swatch series-${index}`, 'aria-hidden': 'true' }), label),
        reading,
      ),
    );
    return element('dl', { class: 'legend' }, ...entries);
  }

  #drawGrid(scale: ValueScale): void {
    for (const [index, line] of this.#grid.entries()) {
      const tick = scale.ticks[index];
      const label = this.#ticks[index]!;
      const place = tick === undefined ? 0 : 1 - scale.place(tick);
      line.setAttribute('y1', String(place * AREA.height));
      line.setAttribute('y2', String(place * AREA.height));
      line.classList.toggle('is-unused', tick === undefined);
      label.style.setProperty('transform', `translateY(${place * 100}%)`);
      setText(label, tick === undefined ? '' : this.#options.format(tick));
    }
  }

  #point(event: PointerEvent | null): void {
    this.#pointerX = event === null ? null : (event.offsetX / this.#drawing.clientWidth) * AREA.width;
    this.#read();
  }

  /** Shows the values of the moment that is pointed at, or of the last one. */
  #read(): void {
    const count = this.#moments.length;
    const pointed =
      this.#pointerX === null ? null : indexAt(this.#pointerX, count, this.#options.slots, AREA);
    const index = pointed ?? count - 1;
    const moment = this.#moments[index];
    for (const { value, reading } of this.#series) {
      setText(reading, moment === undefined ? '–' : this.#show(value(moment)));
    }
    const x = AREA.width - ((count - 1 - index) * AREA.width) / (this.#options.slots - 1);
    this.#cursor.setAttribute('x1', String(x));
    this.#cursor.setAttribute('x2', String(x));
    this.#cursor.classList.toggle('is-unused', pointed === null);
    setText(this.#when, pointed === null ? 'now' : `${count - 1 - pointed} s ago`);
  }

  #show(value: number): string {
    return Number.isNaN(value) ? '–' : this.#options.format(value);
  }

  #describe(values: readonly (readonly number[])[]): string {
    const { title, unit, format } = this.#options;
    const parts = this.#series.map(({ label }, index) => {
      const known = values[index]!.filter((value) => !Number.isNaN(value));
      if (known.length === 0) return `${label}: nothing yet`;
      return `${label}: now ${this.#show(values[index]!.at(-1)!)}, at most ${format(Math.max(...known))}`;
    });
    return `${title}, ${unit}, over the last two minutes. ${parts.join('. ')}.`;
  }
}
