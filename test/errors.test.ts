import { readFileSync } from 'node:fs';
import { loadSync } from '@grpc/proto-loader';
import { describe, expect, it } from 'vitest';
import { ErrorCode } from '../src/contract/error-code.ts';
import { Refusals } from '../src/contract/refusal.ts';

const file = (path: string): string => new URL(`../${path}`, import.meta.url).pathname;

interface EnumType {
  readonly type: { readonly value: readonly { readonly name: string; readonly number: number }[] };
}

/** The names of the codes by number, as protos/ldlm.proto has them. */
function readProto(): Readonly<Record<string, number>> {
  const { type } = loadSync(file('protos/ldlm.proto'))['ldlm.ErrorCode'] as EnumType &
    ReturnType<typeof loadSync>[string];
  return Object.fromEntries(type.value.map(({ name, number }) => [name, number]));
}

/** The same, from the rows `| number | name | meaning |` of README.md. */
function readReadme(): Readonly<Record<string, number>> {
  const rows = readFileSync(file('README.md'), 'utf8').matchAll(/^\|\s*(\d+)\s*\|\s*`?(\w+)`?\s*\|\s*\S/gm);
  return Object.fromEntries([...rows].map(([, number, name]) => [name, Number(number)]));
}

describe('the error codes', () => {
  it('are the same in the contract, the proto file and the README', () => {
    expect(readProto()).toStrictEqual(ErrorCode);
    expect(readReadme()).toStrictEqual(ErrorCode);
  });

  it('are all in use but NotLocked', () => {
    const used = new Set(Object.values(Refusals).map(({ code }) => code));
    const unused = Object.entries(ErrorCode).filter(([, code]) => !used.has(code));
    expect(unused).toStrictEqual([['NotLocked', ErrorCode.NotLocked]]);
  });

  it('have a text of its own for each refusal', () => {
    const texts = Object.values(Refusals).map(({ message }) => message);
    expect(new Set(texts).size).toBe(texts.length);
  });
});
