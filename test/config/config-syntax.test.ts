import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { ConfigError } from '../../src/config/config-error.ts';
import { parseConfigJson, parseConfigYaml } from '../../src/config/config-syntax.ts';

/** What is said of a text that cannot be read; it quotes nothing of it. */
function faultOf(parse: (text: string) => unknown, text: string): string {
  try {
    parse(text);
  } catch (error) {
    expect(error).toBeInstanceOf(ConfigError);
    const { message, cause, code } = error as ConfigError;
    // The errors of the parsers quote the file.
    expect([cause, code]).toEqual([undefined, 'LDLM_CONFIG_INVALID']);
    expect(message).toMatch(/^error parsing config file: [^\n]+$/);
    expect(message).not.toContain('hunter2');
    return message.slice('error parsing config file: '.length);
  }
  throw new Error(`${JSON.stringify(text)} was read`);
}

describe('the values of YAML', () => {
  it('are texts as they stand in the file, whatever else they could be', () => {
    const text = 'a: 0123\nb: 1e3\nc: True\nd: "1"\ne: 0x1f\nf: |\n  x\n  y\ng: 2001-01-01\nh: !!int 7';
    expect(parseConfigYaml(text)).toEqual({
      ...{ a: '0123', b: '1e3', c: 'True', d: '1', e: '0x1f', f: 'x\ny\n', g: '2001-01-01', h: '7' },
    });
  });

  it('are nothing where nothing stands, also in words', () => {
    expect(parseConfigYaml('a:\nb: ~\nc: null\nd: ""')).toEqual({ a: null, b: null, c: null, d: '' });
    for (const empty of ['', '# a comment', '---', '~', 'null']) expect(parseConfigYaml(empty)).toEqual({});
  });

  it('are read without a word, though the library would warn of a key that is a list', () => {
    const warned = vi.spyOn(process, 'emitWarning').mockImplementation(() => {});
    onTestFinished(() => warned.mockRestore());
    parseConfigYaml('? [hunter2]\n: 1');
    expect(warned).not.toHaveBeenCalled();
  });

  it('stand for earlier ones where they say so', () => {
    expect(parseConfigYaml('a: &x {b: 1}\nc: *x')).toEqual({ a: { b: '1' }, c: { b: '1' } });
  });
});

describe('YAML that cannot be read', () => {
  it.each([
    ['a: &x *hunter2', 'an alias has no tag or anchor, at line 1, column 7 (ALIAS_PROPS)'],
    ['%YAML 9\n---\na: 1', 'this is no directive, at line 1, column 7 (BAD_DIRECTIVE)'],
    [
      'a: "\\qhunter2"',
      'no such escape sequence stands between double quotes, at line 1, column 5 (BAD_DQ_ESCAPE)',
    ],
    [
      'a: [hunter2',
      'the indentation does not fit, or a bracket is not closed, at line 1, column 12 (BAD_INDENT)',
    ],
    [
      'a: @hunter2',
      'a value that begins with this character needs quotes, at line 1, column 4 (BAD_SCALAR_START)',
    ],
    [
      'a: hunter2: c',
      'a map begins on the line of another one: a value with a colon and a blank in it needs quotes, at line 1, column 4 (BLOCK_AS_IMPLICIT_KEY)',
    ],
    ['[\n- hunter2\n]', 'no block stands between brackets, at line 2, column 1 (BLOCK_IN_FLOW)'],
    ['a: 1\na: hunter2', 'the key is there twice, at line 2, column 1 (DUPLICATE_KEY)'],
    [
      'tls: {cert_file: 1}\nlisten: {address: 1, "address": hunter2}',
      'the key address is there twice, at line 2, column 22 (DUPLICATE_KEY)',
    ],
    ['a: "hunter2', 'a quote, a bracket or a colon is missing, at line 1, column 12 (MISSING_CHAR)'],
    ['"a\nb": hunter2', 'a key stands on one line, at line 1, column 1 (MULTILINE_IMPLICIT_KEY)'],
    ['a: &x &y hunter2', 'a value has one anchor at most, at line 1, column 7 (MULTIPLE_ANCHORS)'],
    ['a: 1\n---\nb: hunter2', 'the file holds one document, at line 2, column 1 (MULTIPLE_DOCS)'],
    ['a: !x !y hunter2', 'a value has one tag at most, at line 1, column 7 (MULTIPLE_TAGS)'],
    ['a:\n\tb: hunter2', 'lines are indented by blanks, not by tabs, at line 2, column 1 (TAB_AS_INDENT)'],
    [
      'a: !<hunter2 1',
      'the tag is not known, or does not fit its value, at line 1, column 4 (TAG_RESOLVE_FAILED)',
    ],
    [
      '"a" hunter2',
      'nothing more was expected here: text behind a closing quote or bracket, or a missing comma, at line 1, column 5 (UNEXPECTED_TOKEN)',
    ],
    [
      'a: 1\nb: [2, *hunter2]',
      'a value that begins with * stands for an earlier one, and there is none: else it needs quotes, at line 2, column 8 (BAD_ALIAS)',
    ],
  ])('says what is wrong, and where: %j', (text, fault) => {
    expect(faultOf(parseConfigYaml, text)).toBe(fault);
  });

  it('has a key that is longer than a line of it may be', () => {
    const longest = 'k'.repeat(1_024);
    expect(parseConfigYaml(`${longest}: 1`)).toEqual({ [longest]: '1' });
    expect(faultOf(parseConfigYaml, `${longest}k: 1`)).toBe(
      'the key is too long, at line 1, column 1 (KEY_OVER_1024_CHARS)',
    );
  });

  it('has so many aliases that what they stand for would be endless', () => {
    const doubled = (levels: number): string =>
      Array.from({ length: levels }, (_, i) => `a${i + 1}: &a${i + 1} [*a${i}, *a${i}]`).join('\n');
    expect(parseConfigYaml(`a0: &a0 hunter2\n${doubled(2)}`)).toHaveProperty('a2');
    expect(faultOf(parseConfigYaml, `a0: &a0 hunter2\n${doubled(20)}`)).toBe(
      'the YAML has too many aliases, or some that stand for themselves',
    );
  });

  it('is told of by its first fault', () => {
    expect(faultOf(parseConfigYaml, 'a: @hunter2\na: 1\na: 2')).toContain('(BAD_SCALAR_START)');
  });
});

describe('the values of JSON', () => {
  it('are what JSON says, and an empty map where nothing stands', () => {
    expect(parseConfigJson('{"a": [1, "x", null, true]}')).toEqual({ a: [1, 'x', null, true] });
    for (const empty of ['', ' \n\t']) expect(parseConfigJson(empty)).toEqual({});
  });
});

describe('JSON that cannot be read', () => {
  it.each([
    ['{"a": 1,}', 'line 1, column 9'],
    ['{"a": 1} hunter2', 'line 1, column 10'],
    ['[1, hunter2]', 'line 1, column 5'],
    ['{"a": "hunter2', 'line 1, column 15'],
    ['\n\n{"ä": hunter2}', 'line 3, column 7'],
    ['{"a": 1}\n\n,', 'line 3, column 1'],
    ['\ufeff{}', 'line 1, column 1'],
  ])('says from where on it is none: %j', (text, place) => {
    expect(faultOf(parseConfigJson, text)).toBe(`this is not valid JSON, from ${place} on`);
  });

  it.each([
    ['{"a": 1, "a": "hunter2"}', 'the key is there twice, at line 1, column 10 (DUPLICATE_KEY)'],
    [
      '{\n  "shards": 1,\n  "ü": 2, "shards": 2\n}',
      'the key shards is there twice, at line 3, column 11 (DUPLICATE_KEY)',
    ],
    [
      '{"listen": {"address": 1,\n"address": "hunter2"}}',
      'the key address is there twice, at line 2, column 1 (DUPLICATE_KEY)',
    ],
    ['{"hunter2": 1, "hunter2": 2}', 'the key is there twice, at line 1, column 16 (DUPLICATE_KEY)'],
    ['{"shards": 1, "shards": 2,}', 'this is not valid JSON, from line 1, column 27 on'],
  ])('has a key twice: %j', (text, fault) => {
    expect(faultOf(parseConfigJson, text)).toBe(fault);
  });
});
