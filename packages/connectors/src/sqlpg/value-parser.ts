import pg from 'pg'
import { toBase64 } from '../values/binary.ts'
import { parseJson } from '../values/parse-json.ts'

/**
 * How a column's text becomes JSON: integers beyond ±2^53 and decimals stay strings, times become
 * ISO 8601 with the precision the server gave, bytes become base64, what is not known stays text.
 */
export function valueParser(oid: number): (text: string) => unknown {
  const element = ARRAYS.get(oid)
  if (element === undefined) return SCALARS.get(oid) ?? asText
  const parse = SCALARS.get(element) ?? asText
  return (text) => arrayParser.create(text, (item) => parse(item)).parse()
}

// The declaration of this export differs from what it is.
const arrayParser = pg.types.arrayParser as unknown as {
  create(source: string, transform: (item: string) => unknown): { parse(): unknown[] }
}

const asText = (text: string): string => text
const asNumber = (text: string): number | string => {
  const number = Number(text)
  return Number.isFinite(number) ? number : text
}
const asInteger = (text: string): number | string => {
  const number = Number(text)
  return Number.isSafeInteger(number) ? number : text
}
/** 2026-11-22 10:00:00.123456+00 → 2026-11-22T10:00:00.123456+00:00; infinity and BC stay as they are. */
const asTime = (text: string): string =>
  text.endsWith('BC')
    ? text
    : text.replace(/^(\d{4,}-\d\d-\d\d) /, '$1T').replace(/([+-]\d\d)$/, '$1:00')

const SCALARS = new Map<number, (text: string) => unknown>([
  [16, (text) => text === 't'],
  [17, (text) => toBase64(Buffer.from(text.slice(2), 'hex'))],
  [20, asInteger],
  [21, asInteger],
  [23, asInteger],
  [26, asInteger],
  [114, (text) => parseJson(text, 'string')],
  [700, asNumber],
  [701, asNumber],
  [1114, asTime],
  [1184, asTime],
  [3802, (text) => parseJson(text, 'string')],
])

/** The array types whose elements are not mere text to a reader, and the common ones that are. */
const ARRAYS = new Map<number, number>([
  [1000, 16],
  [1001, 17],
  [1016, 20],
  [1005, 21],
  [1007, 23],
  [1028, 26],
  [199, 114],
  [1021, 700],
  [1022, 701],
  [1115, 1114],
  [1185, 1184],
  [3807, 3802],
  [1009, 25],
  [1014, 1042],
  [1015, 1043],
  [1182, 1082],
  [1183, 1083],
  [1187, 1186],
  [1231, 1700],
  [1270, 1266],
  [2951, 2950],
  [1041, 869],
  [651, 650],
])
