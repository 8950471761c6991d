import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  AssemblyBudget,
  IncomingMessage,
  MessageFault,
} from '../../../src/protocol/grpc/incoming-message.ts';
import { message } from './recorded-calls.ts';

describe('IncomingMessage', () => {
  it('gathers a message from pieces and takes no byte of the next', () => {
    const sizes = fc.array(fc.integer({ min: 0, max: 400 }), { maxLength: 10 });
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 1500 }), sizes, (body, pieces) => {
        const budget = new AssemblyBudget(10_000, null);
        const incoming = new IncomingMessage(budget);
        const first = message(body);
        const bytes = Buffer.concat([first, message('next')]);
        let position = 0;
        for (const size of [...pieces, bytes.length]) {
          position = incoming.fill(bytes, position, Math.min(bytes.length, position + size));
          expect(incoming.isWhole).toBe(position === first.length);
          expect(incoming.isEmpty).toBe(position === 0);
        }
        expect(incoming.bytes.equals(body)).toBe(true);
        incoming.reset();
        expect([incoming.isEmpty, incoming.isWhole]).toEqual([true, false]);
        expect(budget.take(10_000)).toBe(true);
      }),
    );
  });

  it('tells what is wrong as a negative position', () => {
    const fill = (bytes: Buffer, budget = 1000) =>
      new IncomingMessage(new AssemblyBudget(budget, null)).fill(bytes, 0, bytes.length);
    expect(fill(message('x', 1))).toBe(-MessageFault.Compressed);
    expect(fill(message('x', 255))).toBe(-MessageFault.Compressed);
    expect(fill(Buffer.of(0, 0, 0x40, 0, 1))).toBe(-MessageFault.TooLong);
    expect(fill(Buffer.of(0, 0x80, 0, 0, 0))).toBe(-MessageFault.TooLong);
    expect(fill(message(Buffer.alloc(600)), 500)).toBe(-MessageFault.BudgetExceeded);
    expect(fill(Buffer.of(0, 0, 0x40, 0, 0))).toBe(5);
  });

  it('holds memory for what has come, not for what is announced', () => {
    const budget = new AssemblyBudget(10_000, null);
    const announced = Buffer.concat([Buffer.of(0, 0, 0x40, 0, 0), Buffer.alloc(100)]);
    new IncomingMessage(budget).fill(announced, 0, announced.length);
    expect(budget.take(9_000)).toBe(true);
  });
});

describe('AssemblyBudget', () => {
  it('bounds a connection and all of them together', () => {
    const all = new AssemblyBudget(100, null);
    const [one, two] = [new AssemblyBudget(80, all), new AssemblyBudget(80, all)];
    expect(one!.take(81)).toBe(false);
    expect(one!.take(80)).toBe(true);
    expect(two!.take(21)).toBe(false);
    expect(two!.take(20)).toBe(true);
    one!.giveBack(30);
    expect(two!.take(30)).toBe(true);
  });

  it('gives everything back at its end, and nothing twice', () => {
    const all = new AssemblyBudget(100, null);
    const [one, two] = [new AssemblyBudget(100, all), new AssemblyBudget(100, all)];
    one!.take(60);
    two!.take(40);
    one!.close();
    one!.giveBack(60);
    expect(all.take(61)).toBe(false);
    expect(all.take(60)).toBe(true);
  });

  it('takes what is free from nobody else, and what is beyond from all', () => {
    const all = new AssemblyBudget(100, null);
    const [one, two] = [new AssemblyBudget(1000, all, 50), new AssemblyBudget(1000, all, 50)];
    expect(one!.take(150)).toBe(true);
    expect([two!.take(51), two!.take(50), two!.take(1)]).toEqual([false, true, false]);
    one!.giveBack(120);
    expect([two!.take(101), two!.take(100)]).toEqual([false, true]);
    expect([one!.take(20), one!.take(1)]).toEqual([true, false]);
    two!.close();
    expect([all.take(101), all.take(100)]).toEqual([false, true]);
  });
});
