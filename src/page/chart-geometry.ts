/** The area that a chart draws in, in the units of its drawing. */
export interface PlotArea {
  readonly width: number;
  readonly height: number;
}

/** The next number of the form 1, 2 or 5 times a power of ten that is not below `value`. At least `least`. */
export function niceCeiling(value: number, least: number): number {
  const wanted = Math.max(value, least);
  const power = 10 ** Math.floor(Math.log10(wanted));
  const step = [1, 2, 5, 10].find((factor) => factor * power >= wanted * (1 - 1e-9)) ?? 10;
  return step * power;
}

/** Maps values to heights, 0 being the bottom of the area. */
export interface ValueScale {
  readonly top: number;
  /** Values at which a line goes through the chart, ascending. */
  readonly ticks: readonly number[];
  /** 0 to 1. */
  place(value: number): number;
}

/** From 0 up to what is needed. */
export function linearScale(maximum: number): ValueScale {
  const top = niceCeiling(maximum, 1);
  return { top, ticks: [0, top / 2, top], place: (value) => value / top };
}

/** By powers of ten, for latencies: a tenth of a millisecond and an hour are both seen. */
export function logScale(minimum: number, maximum: number): ValueScale {
  const low = Math.floor(Math.log10(Math.max(minimum, 0.01)));
  const high = Math.max(low + 1, Math.ceil(Math.log10(Math.max(maximum, 0.01)) - 1e-9));
  const powers = Array.from({ length: high - low + 1 }, (_none, index) => low + index);
  const stride = Math.ceil((powers.length - 1) / 3);
  return {
    top: 10 ** high,
    ticks: powers.filter((power) => (high - power) % stride === 0).map((power) => 10 ** power),
    place: (value) => Math.min(1, Math.max(0, (Math.log10(Math.max(value, 1e-9)) - low) / (high - low))),
  };
}

/**
 * The path of a line through values, the latest at the right edge and one step left for each before. It is broken where a
 * value is NaN.
 *
 * @param slots how many values fill the width
 */
export function linePath(
  values: readonly number[],
  slots: number,
  scale: ValueScale,
  area: PlotArea,
): string {
  const step = area.width / (slots - 1);
  const left = area.width - (values.length - 1) * step;
  let path = '';
  let isDrawing = false;
  for (const [index, value] of values.entries()) {
    if (Number.isNaN(value)) {
      isDrawing = false;
      continue;
    }
    const x = rounded(left + index * step);
    const y = rounded(area.height * (1 - scale.place(value)));
    // A lone value would be a line of no length, which is not drawn.
    const isLone = !isDrawing && (index === values.length - 1 || Number.isNaN(values[index + 1]));
    path += isLone ? `M${rounded(x - 1)} ${y}H${x}` : `${isDrawing ? 'L' : 'M'}${x} ${y}`;
    isDrawing = true;
  }
  return path;
}

/** The path around the area between a line's path and the bottom: each unbroken part is closed on its own. */
export function areaBelow(line: string, { height }: PlotArea): string {
  const parts = line.split('M').filter((part) => part.includes('L'));
  return parts.map((part) => `M${part}V${height}H${part.slice(0, part.indexOf(' '))}Z`).join('');
}

function rounded(value: number): number {
  return Math.round(value * 10) / 10;
}

/** The index of the value that is drawn nearest to `x`, or null when none is. */
export function indexAt(x: number, count: number, slots: number, area: PlotArea): number | null {
  if (count === 0) return null;
  const step = area.width / (slots - 1);
  const index = Math.round((x - area.width) / step) + count - 1;
  return index < 0 ? null : Math.min(index, count - 1);
}
