import type { Ajv2020 } from 'ajv/dist/2020.js'
import formats, { type FormatName } from 'ajv-formats'
import { isDateText, isDateTimeText, isTimeText } from './time-text.ts'

/**
 * Of what ajv-formats has, those that look at every character a bounded number of times: answers come
 * from anybody. Its `url` goes back over the text for each colon, and its `regex` compiles what it is
 * given.
 */
const LINEAR = [
  'binary',
  'byte',
  'double',
  'duration',
  'email',
  'float',
  'hostname',
  'int32',
  'int64',
  'ipv4',
  'ipv6',
  'iso-date-time',
  'iso-time',
  'json-pointer',
  'json-pointer-uri-fragment',
  'password',
  'relative-json-pointer',
  'uri',
  'uri-reference',
  'uri-template',
  'uuid',
] as const satisfies readonly FormatName[]

const OWN: Readonly<Record<string, (text: string) => boolean>> = {
  date: isDateText,
  'date-time': isDateTimeText,
  time: isTimeText,
  url: (text) => /^(?:https?|ftp):\/\/\S+$/i.test(text) && URL.canParse(text),
}

/** The formats that a form may name, in the order of their letters. */
export const FORMATS: ReadonlySet<string> = new Set([...LINEAR, ...Object.keys(OWN)].toSorted())

/** Has `ajv` check the known formats. Others, which stored forms may name, it does not look at. */
export function addFormats(ajv: Ajv2020): void {
  formats.default(ajv, { mode: 'fast', formats: [...LINEAR] })
  for (const [name, isOfFormat] of Object.entries(OWN)) ajv.addFormat(name, isOfFormat)
}
