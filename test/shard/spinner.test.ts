import { describe, expect, it } from 'vitest';
import { Spinner } from '../../src/shard/spinner.ts';
import { openRingPair, readRecord, writeRecord } from '../ring/ring-pair.ts';

const LIMIT_MS = 0.15;
const STEP_MS = 0.01;
const FEW_TURNS = 32;
const TURNS_MAX = 1024;

/** A spinner over a real ring, whose time passes in steps while it yields. `arriveAfter` steps a request arrives. */
function openSpinner() {
  const { writer, reader } = openRingPair(1024);
  const time = { nowMs: 1_800_000_000_000, yields: 0, arriveAfter: Number.POSITIVE_INFINITY };
  const arrive = (): void => {
    writeRecord(writer, 1, 8);
    writer.publish();
  };
  const yieldProcessor = (): void => {
    time.nowMs += STEP_MS;
    time.yields++;
    if (time.yields === time.arriveAfter) arrive();
  };
  const clock = { nowMs: () => time.nowMs };
  const spinner = new Spinner(reader, clock, LIMIT_MS, yieldProcessor);
  const work = (turns: number, records = 1): void => {
    for (let i = 0; i < turns; i++) spinner.worked(records);
  };
  /** Spins, with a request arriving after so many looks, and returns whether it was found and how many looks it took. */
  const spin = (arriveAfter = Number.POSITIVE_INFINITY, waitMs = 1_000): [found: boolean, yields: number] => {
    time.yields = 0;
    time.arriveAfter = arriveAfter;
    const found = spinner.spin(waitMs);
    while (readRecord(reader) !== null);
    reader.release();
    return [found, time.yields];
  };
  /** How many turns it takes until it spins. */
  const turnsToSpin = (): number => {
    for (let turns = 0; ; turns++) {
      if (spin(1)[1] > 0) return turns;
      work(1);
    }
  };
  return { work, spin, turnsToSpin };
}

describe('Spinner', () => {
  it('spins after some turns with few records in a row', () => {
    const { work, spin } = openSpinner();
    work(FEW_TURNS - 1, 4);
    expect(spin()).toEqual([false, 0]);
    work(1, 4);
    expect(spin(3)).toEqual([true, 3]);
    expect(spin(2)).toEqual([true, 2]);
  });

  it('does not count turns without records', () => {
    const { work, spin } = openSpinner();
    work(10 * FEW_TURNS, 0);
    expect(spin(1)).toEqual([false, 0]);
  });

  it('does not spin in company: a turn with many records begins the count anew', () => {
    const { work, spin } = openSpinner();
    work(FEW_TURNS);
    work(1, 5);
    expect(spin(1)).toEqual([false, 0]);
    work(FEW_TURNS - 1);
    expect(spin(1)).toEqual([false, 0]);
    work(1);
    expect(spin(1)).toEqual([true, 1]);
  });

  it('looks no longer than its limit', () => {
    const { work, spin } = openSpinner();
    work(FEW_TURNS);
    const [found, yields] = spin();
    expect(found).toBe(false);
    expect(yields * STEP_MS).toBeGreaterThan(LIMIT_MS - 2 * STEP_MS);
    expect(yields * STEP_MS).toBeLessThan(LIMIT_MS + 2 * STEP_MS);
  });

  it('looks no longer than until the next deadline', () => {
    const { work, spin } = openSpinner();
    work(FEW_TURNS);
    const [found, yields] = spin(Number.POSITIVE_INFINITY, 3 * STEP_MS);
    expect(found).toBe(false);
    expect(yields).toBeLessThanOrEqual(4);
  });

  it('waits for twice as many turns after each spin in vain, up to a limit', () => {
    const { work, spin, turnsToSpin } = openSpinner();
    const waited: number[] = [];
    work(FEW_TURNS);
    for (let i = 0; i < 7; i++) {
      expect(spin()[0]).toBe(false);
      waited.push(turnsToSpin());
    }
    expect(waited).toEqual([64, 128, 256, 512, TURNS_MAX, TURNS_MAX, TURNS_MAX]);
  });

  it('forgets spins in vain when many in a row were not', () => {
    const { work, spin, turnsToSpin } = openSpinner();
    work(FEW_TURNS);
    spin();
    work(2 * FEW_TURNS);
    for (let i = 0; i < 63; i++) expect(spin(1)[0]).toBe(true);
    work(1, 5);
    expect(turnsToSpin()).toBe(2 * FEW_TURNS);
    work(1, 5);
    expect(turnsToSpin()).toBe(FEW_TURNS);
  });
});
