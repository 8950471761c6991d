import { styleText } from 'node:util';
import stringWidth from 'string-width';
import { showText } from './shown-text.ts';

const GAP = '  ';
/** No column is made narrower than this while others are wider. */
const WIDTH_MIN = 8;

/**
 * Lays out rows in columns that fit a terminal. The widths are those of the first rows, so that the later ones of a long
 * listing need not be known when it begins; what does not fit is cut.
 */
export class Table {
  readonly #head: readonly string[];
  readonly #columns: number;
  readonly #coloured: boolean;
  #widths: readonly number[] | null = null;

  constructor(head: readonly string[], columns: number, coloured: boolean) {
    this.#head = head;
    this.#columns = columns;
    this.#coloured = coloured;
  }

  /** Lines for these rows, with the head before the first ones. Cells may hold anything: they are made safe to show. */
  format(rows: readonly (readonly string[])[]): string {
    const shown = rows.map((row) => row.map(showText));
    const lines = this.#widths === null ? [this.#formatHead(shown)] : [];
    for (const row of shown) lines.push(this.#line(row));
    return lines.map((line) => `${line}\n`).join('');
  }

  #formatHead(rows: readonly (readonly string[])[]): string {
    const natural = this.#head.map((title, column) =>
      rows.reduce((width, row) => Math.max(width, stringWidth(row[column] ?? '')), stringWidth(title)),
    );
    this.#widths = fitWidths(natural, this.#columns - GAP.length * (this.#head.length - 1));
    const line = this.#line(this.#head);
    return this.#coloured ? styleText('bold', line, { validateStream: false }) : line;
  }

  #line(row: readonly string[]): string {
    return this.#widths!.map((width, column) => pad(cut(row[column] ?? '', width), width))
      .join(GAP)
      .trimEnd();
  }
}

/** Caps the widest columns at the width with which all fit. */
export function fitWidths(natural: readonly number[], room: number): number[] {
  const cappedAt = (cap: number): number[] => natural.map((width) => Math.min(width, cap));
  const sum = (widths: readonly number[]): number => widths.reduce((total, width) => total + width, 0);
  if (sum(natural) <= room) return [...natural];
  let [fits, tooWide] = [WIDTH_MIN, Math.max(...natural)];
  while (tooWide - fits > 1) {
    const middle = Math.floor((fits + tooWide) / 2);
    if (sum(cappedAt(middle)) <= room) fits = middle;
    else tooWide = middle;
  }
  return cappedAt(fits);
}

/** The beginning of a text that fits into so many columns, with an ellipsis if it is not all of it. */
export function cut(text: string, width: number): string {
  // A character is at most two columns wide, and a text never wider than twice its length.
  if (text.length * 2 <= width || stringWidth(text) <= width) return text;
  let kept = '';
  let used = 0;
  for (const { segment } of segments.segment(text)) {
    used += stringWidth(segment);
    if (used > width - 1) break;
    kept += segment;
  }
  return `${kept}…`;
}

const segments = new Intl.Segmenter();

function pad(text: string, width: number): string {
  return text + ' '.repeat(Math.max(0, width - stringWidth(text)));
}
