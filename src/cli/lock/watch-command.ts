import { styleText } from 'node:util';
import type { AdminClient } from './admin-client.ts';
import type { HolderReply, LockReply, WaiterReply, WatchStepReply } from './admin-replies.ts';
import { stepJson } from './json-forms.ts';
import type { LockOutput, OutputStream } from './lock-output.ts';
import { showJson } from './shown-text.ts';

export interface WatchQuery {
  readonly prefix: string;
  readonly json: boolean;
}

/**
 * Prints what happens to locks until `signal` says so: at first who holds and who waits, then each event. Nothing may happen
 * for long, so somebody at a terminal is told that it watches, once it does.
 *
 * @throws CommandFailure when the server ends the watch
 */
export async function watchLocks(
  client: Pick<AdminClient, 'watchLocks'>,
  { prefix, json }: WatchQuery,
  output: LockOutput,
  signal: AbortSignal,
  stderr: OutputStream,
): Promise<void> {
  let isTold = stderr.isTTY !== true;
  const lines = new StepLines(output.isColoured);
  const format = json
    ? (step: WatchStepReply) => `${showJson(stepJson(step))}\n`
    : (step: WatchStepReply) => lines.format(step);
  for await (const steps of client.watchLocks({ prefix }, signal)) {
    if (!isTold) stderr.write(`Watching ${what(prefix)}, until Ctrl-C ends it.\n`);
    isTold = true;
    const text = steps.map(format).join('');
    if (text !== '') await output.write(text);
  }
}

function what(prefix: string): string {
  return prefix === '' ? 'all locks' : `locks whose names begin with ${showJson(prefix)}`;
}

const COLOURS: Readonly<Record<string, Parameters<typeof styleText>[0]>> = {
  granted: 'green',
  held: 'green',
  waiting: 'yellow',
  waits: 'yellow',
  expired: 'red',
  left: 'red',
  missed: 'red',
};

/** `time word name="..." ...`, one line for each holder, waiter and event. */
class StepLines {
  readonly #coloured: boolean;

  constructor(coloured: boolean) {
    this.#coloured = coloured;
  }

  format({ lock, event, missed }: WatchStepReply): string {
    if (event != null) {
      const claim = event.holder ?? event.waiter;
      const counts = ` holders=${event.holder_count} waiters=${event.waiter_count}`;
      return this.#line(Number(event.time_ms), event.type.toLowerCase(), event.name, claim, counts);
    }
    if (lock != null) return this.#lock(lock);
    if (missed == null) return '';
    const what = `${missed.count} events that came too fast; how it is now follows`;
    return `${timeOf(Date.now())} ${this.#word('missed')} ${what}\n`;
  }

  #lock({ name, holders, waiters }: LockReply): string {
    const line = (word: string) => (claim: WaiterReply) =>
      this.#line(Date.now() - Number(claim.age_ms), word, name, claim, '');
    return [...holders.map(line('held')), ...waiters.map(line('waits'))].join('');
  }

  #line(
    timeMs: number,
    word: string,
    name: string,
    claim: HolderReply | WaiterReply | undefined,
    rest: string,
  ): string {
    const key = claim !== undefined && 'key' in claim ? ` key=${showJson(claim.key).slice(1, -1)}` : '';
    const client = claim?.session?.address ? ` client=${showJson(claim.session.address).slice(1, -1)}` : '';
    const holder = claim?.holder ? ` holder=${showJson(claim.holder)}` : '';
    return `${timeOf(timeMs)} ${this.#word(word)} name=${showJson(name)}${key}${client}${holder}${rest}\n`;
  }

  #word(word: string): string {
    const colour = COLOURS[word];
    const padded = word.padEnd(8);
    return this.#coloured && colour !== undefined
      ? styleText(colour, padded, { validateStream: false })
      : padded;
  }
}

function timeOf(ms: number): string {
  return new Date(ms).toISOString();
}
