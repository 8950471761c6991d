// Patterns of whole numbers as texts, as the OpenAPI document gives them: what the decoder takes within the limits of
// a type. No pattern can say all of that, since "0.001e3" is a whole number and so on without an end, so these forms
// stay out although the decoder reads them: fractions that begin with 0, and exponents below 0 or behind more digits
// than one when the number has as many digits as the limit.

/**
 * Texts that stand for a whole number from `minimum` to `maximum`, which are as long in digits when both are there:
 * digits that may have a fraction of zeros ("10", "10.0"), and with an exponent ("1e1", "1.5E+1", "15e0").
 *
 * @param minimum -maximum - 1, or 0
 */
export function integerPattern(minimum: bigint, maximum: bigint): string {
  const limit = String(maximum);
  const digits = limit.length;
  const sign = minimum < 0n ? '-?' : '';
  const exponents = Array.from({ length: digits - 1 }, (_, exponent) => scaled(digits - 1, exponent));
  const positive = [
    `([1-9][0-9]{0,${digits - 2}}|${upTo(limit)})(\\.0+)?`,
    ...exponents,
    `(${scientificUpTo(limit)})${power(digits - 1)}`,
  ].join('|');
  const alternatives = ['-?0(\\.0+)?([eE][+-]?[0-9]+)?', `${sign}(${positive})`];
  // Of the numbers below 0 there is one more.
  if (minimum < 0n) {
    const lowest = String(-minimum);
    alternatives.push(
      `-${lowest}(\\.0+)?`,
      `-${lowest[0]}\\.${lowest.slice(1)}0*${power(lowest.length - 1)}`,
    );
  }
  return `^(${alternatives.join('|')})$`;
}

/** Numbers of no more than so many digits, of which those behind the point are as many as the exponent or less. */
function scaled(digitsMax: number, exponent: number): string {
  const fraction = exponent === 0 ? '(\\.0+)?' : `(\\.[0-9]{1,${exponent}}0*)?`;
  return `[1-9][0-9]{0,${digitsMax - 1 - exponent}}${fraction}${power(exponent)}`;
}

function power(exponent: number): string {
  return exponent === 0 ? '[eE][+-]?0+' : `[eE]\\+?0*${exponent}`;
}

/** Numbers of as many digits as the limit, and no larger. */
function upTo(limit: string): string {
  const smaller = [...limit].flatMap((digit, i) => {
    const lower = below(digit, i);
    return lower === null ? [] : [`${limit.slice(0, i)}${lower}[0-9]{${limit.length - 1 - i}}`];
  });
  return [...smaller, limit].join('|');
}

/** The same with a point behind the first digit. Zeros at the end may be missing, and there may be more of them. */
function scientificUpTo(limit: string): string {
  const last = limit.length - 1;
  const smaller = [...limit].flatMap((digit, i) => {
    const lower = below(digit, i);
    if (lower === null) return [];
    if (i === 0) return [`${lower}(\\.[0-9]{1,${last}}0*)?`];
    return [`${limit[0]}\\.${limit.slice(1, i)}${lower}[0-9]{0,${last - i}}0*`];
  });
  let beginnings = '0*';
  for (let i = last; i > 0; i--) beginnings = `(${i === 1 ? '\\.' : ''}${limit[i]}${beginnings})?`;
  return [...smaller, limit[0] + beginnings].join('|');
}

/** Digits below this one; the first of a number is not 0. Null when there are none. */
function below(digit: string, index: number): string | null {
  const from = index === 0 ? 1 : 0;
  const to = Number(digit) - 1;
  return to < from ? null : `[${from}-${to}]`;
}
