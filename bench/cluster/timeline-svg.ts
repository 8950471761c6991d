import type { LockChecker } from './lock-checker.ts';
import { type Fault, type Timeline, timesByName } from './timeline.ts';
import { roundUp } from './timeline-text.ts';

const WIDTH = 960;
const LEFT = 64;
const RIGHT = 16;
const PLOT_TOP = 92;
const PLOT_HEIGHT = 190;
const PLOT_BOTTOM = PLOT_TOP + PLOT_HEIGHT;
const ROWS_TOP = PLOT_BOTTOM + 30;
const ROW_HEIGHT = 14;

const INTERVAL_MS = 500;
const SECOND_MS = 1_000;
const TICK_SECONDS = 10;

/** A lock that was not granted for so long is shown as stopped; under this load it is granted many times a second. */
const STOPPED_MS = 1_000;

/** Follows the reader's choice of light or dark, also where the picture is shown by an `img` element. */
const STYLE = `
svg{--ground:#fff;--ink:#1f2328;--faint:#59636e;--rule:#d1d9e0;--area:#0969da;--server:#bc4c00;--zookeeper:#8250df}
@media(prefers-color-scheme:dark){svg{--ground:#0d1117;--ink:#f0f6fc;--faint:#9198a1;--rule:#3d444d;--area:#4493f8;--server:#f0883e;--zookeeper:#ab7df8}}
text{font:12px system-ui,sans-serif;fill:var(--ink)}
.title{font-size:15px;font-weight:600}
.faint{fill:var(--faint)}
.end{text-anchor:end}
.mid{text-anchor:middle}
.rule{stroke:var(--rule);stroke-width:1}
.area{fill:var(--area);fill-opacity:.35;stroke:var(--area);stroke-width:1.2;stroke-linejoin:round}
.server{fill:var(--server)}
.zookeeper{fill:var(--zookeeper)}
.band{fill-opacity:.16}
.runs{fill:var(--area);fill-opacity:.6}
`.replaceAll('\n', '');

/** The timeline as a picture, for as long as it has lasted: the rate, the faults over it, and when each lock was granted. */
export function drawTimeline(
  timeline: Timeline,
  { violations }: LockChecker,
  lockNames: readonly string[],
  untilMs: number,
): string {
  const x = (ms: number): number => round(LEFT + (Math.min(ms, untilMs) / untilMs) * (WIDTH - LEFT - RIGHT));
  const height = ROWS_TOP + lockNames.length * ROW_HEIGHT + 40;
  const verdict = `${timeline.grants.length} grants in ${Math.round(untilMs / SECOND_MS)} s; violations: ${violations.length}`;
  const title = 'Grants per second while each node and each server is killed';
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" role="img" aria-labelledby="t d">`,
    `<title id="t">${xmlText(title)}</title><desc id="d">${xmlText(verdict)}</desc><style>${STYLE}</style>`,
    `<rect width="${WIDTH}" height="${height}" rx="6" fill="var(--ground)"/>`,
    `<text x="16" y="26" class="title">${xmlText(title)}</text>`,
    `<text x="16" y="46" class="faint">${xmlText(verdict)}</text>`,
    ...timeline.faults.map((fault) => drawFault(fault, x, height - 34)),
    drawRates(timeline, untilMs, x),
    ...drawLocks(timeline, lockNames, untilMs, x),
    ...drawSeconds(untilMs, x, height),
    '</svg>\n',
  ].join('\n');
}

function drawFault({ name, role, kind, killedMs, servesMs }: Fault, x: Scale, bottom: number): string {
  const left = x(killedMs);
  const width = round(x(servesMs) - left);
  const isBack = Number.isFinite(servesMs);
  const how = isBack ? `${((servesMs - killedMs) / SECOND_MS).toFixed(1)} s away` : 'not back';
  return [
    `<rect x="${left}" y="${PLOT_TOP}" width="${width}" height="${bottom - PLOT_TOP}" class="band ${kind}"/>`,
    `<rect x="${left}" y="${PLOT_TOP - 3}" width="${width}" height="3" class="${kind}"/>`,
    `<text x="${left}" y="${PLOT_TOP - 22}" class="${kind}">${xmlText(name)}</text>`,
    `<text x="${left}" y="${PLOT_TOP - 8}" class="faint">${xmlText(role === '' ? how : `${role}, ${how}`)}</text>`,
  ].join('');
}

function drawRates(timeline: Timeline, untilMs: number, x: Scale): string {
  const rates = timeline.counts(INTERVAL_MS, untilMs).map((count) => (count * SECOND_MS) / INTERVAL_MS);
  const full = roundUp(Math.max(1, ...rates));
  const y = (rate: number): number => round(PLOT_BOTTOM - (rate / full) * PLOT_HEIGHT);
  const points = rates.map((rate, index) => `${x((index + 0.5) * INTERVAL_MS)},${y(rate)}`);
  const rules = [0, full / 2, full].map(
    (rate) =>
      `<path class="rule" d="M${LEFT} ${y(rate)}H${WIDTH - RIGHT}"/><text x="${LEFT - 8}" y="${y(rate) + 4}" class="faint end">${rate}</text>`,
  );
  const last = x((rates.length - 0.5) * INTERVAL_MS);
  const path = `M${x(INTERVAL_MS / 2)} ${y(0)}L${points.join(' ')}L${last} ${y(0)}Z`;
  return `${rules.join('')}<path class="area" d="${path}"/>`;
}

/** A row for each lock: a bar for as long as it was granted again and again, and nothing where it stopped. */
function drawLocks(timeline: Timeline, lockNames: readonly string[], untilMs: number, x: Scale): string[] {
  const byName = timesByName(timeline.grants, lockNames);
  const caption = `<text x="${LEFT}" y="${ROWS_TOP - 10}" class="faint">Each lock: a gap where nobody was granted it for ${STOPPED_MS / SECOND_MS} s or more</text>`;
  const rows = lockNames.map((name, index) => {
    const top = ROWS_TOP + index * ROW_HEIGHT;
    const bars = runsOf(byName.get(name) ?? [], untilMs).map(
      ([fromMs, toMs]) => `M${x(fromMs)} ${top}H${x(toMs)}v8H${x(fromMs)}z`,
    );
    return `<text x="${LEFT - 8}" y="${top + 8}" class="faint end">${xmlText(name)}</text><path class="runs" d="${bars.join('')}"/>`;
  });
  return [caption, ...rows];
}

/** From when to when there was no pause; the beginning and the end of the time count as grants. */
export function runsOf(timesMs: readonly number[], untilMs: number): readonly (readonly [number, number])[] {
  const runs: [number, number][] = [[0, 0]];
  for (const atMs of [...timesMs, untilMs]) {
    const last = runs.at(-1)!;
    if (atMs - last[1] < STOPPED_MS) last[1] = atMs;
    else if (atMs < untilMs) runs.push([atMs, atMs]);
  }
  return runs.filter(([fromMs, toMs]) => toMs > fromMs);
}

function drawSeconds(untilMs: number, x: Scale, height: number): string[] {
  const count = Math.floor(untilMs / SECOND_MS / TICK_SECONDS) + 1;
  return Array.from({ length: count }, (_, index) => {
    const seconds = index * TICK_SECONDS;
    const label = index === 0 ? '0 s' : String(seconds);
    return `<text x="${x(seconds * SECOND_MS)}" y="${height - 14}" class="faint mid">${label}</text>`;
  });
}

type Scale = (ms: number) => number;

function round(value: number): number {
  return Math.round(value * 10) / 10;
}

function xmlText(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;');
}
