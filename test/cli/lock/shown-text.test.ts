import { describe, expect, it } from 'vitest';
import { showJson, showText } from '../../../src/cli/lock/shown-text.ts';

const nasty = '\x1b]0;t\x07 \r\n\t\x7f\x85\x9b1m \u200b\u202e\u2066\u2028\u2029\ufeff\ud800 \u{e0041}';

describe('showText', () => {
  it('leaves what can be seen as it is', () => {
    const text = 'job/7 "quoted" back\\slash ñ 名前 👍 ~';
    expect(showText(text)).toBe(text);
  });

  it('escapes what could harm a terminal, break a line or hide', () => {
    expect(showText(nasty)).toBe(
      '\\x1b]0;t\\x07 \\r\\n\\t\\x7f\\x85\\x9b1m \\u{200b}\\u{202e}\\u{2066}\\u{2028}\\u{2029}\\u{feff}\\u{d800} \\u{e0041}',
    );
  });
});

describe('showJson', () => {
  it('is JSON of the same value, on one line, with the same characters escaped', () => {
    const value = { name: nasty, text: 'ñ 名前 👍 "' };
    const json = showJson(value);
    expect(JSON.parse(json)).toEqual(value);
    expect(json).toContain('ñ 名前 👍 \\"');
    expect(json).toMatch(/^[^\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]*$/u);
  });
});
