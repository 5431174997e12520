/**
 * Whether a number is a whole multiple of another, which is above 0: of the decimals that people wrote and
 * not of the binary fractions next to them, so that 0.3 is three times 0.1 and no rounding decides.
 */
export function isMultiple(given: number, step: number): boolean {
  if (Number.isSafeInteger(given) && Number.isSafeInteger(step)) return given % step === 0
  if (!Number.isFinite(given) || !Number.isFinite(step)) return false
  const [a, b] = [decimalOf(given), decimalOf(step)]
  const exponent = Math.min(a.exponent, b.exponent)
  return scaled(a, exponent) % scaled(b, exponent) === 0n
}

/** `digits` times ten to the `exponent`. */
interface Decimal {
  readonly digits: bigint
  readonly exponent: number
}

function decimalOf(value: number): Decimal {
  // The shortest decimal that reads as this number: what was written, up to 15 digits.
  const [mantissa = '', power = '0'] = String(value).split('e')
  const [whole = '', fraction = ''] = mantissa.split('.')
  return { digits: BigInt(whole + fraction), exponent: Number(power) - fraction.length }
}

/** Doubles reach from 1e-324 to 1e308: seven hundred digits at the most. */
const scaled = ({ digits, exponent }: Decimal, to: number): bigint =>
  digits * 10n ** BigInt(exponent - to)
