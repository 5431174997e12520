/** The formats that are checked; others say something to people only. */
export const FORMATS: ReadonlyMap<string, (text: string) => boolean> = new Map([
  ['date-time', (text) => isDateTime(text)],
  ['date', (text) => isDate(text)],
  ['time', (text) => TIME.test(text)],
  ['duration', (text) => text !== 'P' && !text.endsWith('T') && DURATION.test(text)],
  ['email', (text) => EMAIL.test(text)],
  ['hostname', (text) => isHostname(text)],
  ['ipv4', (text) => IPV4.test(text)],
  ['ipv6', (text) => isIpv6(text)],
  ['uri', (text) => /^[a-z][a-z\d+.-]*:/i.test(text) && URI_SIGNS.test(text)],
  ['uri-reference', (text) => URI_SIGNS.test(text)],
  ['uuid', (text) => UUID.test(text)],
  ['json-pointer', (text) => /^(?:\/(?:[^~/]|~[01])*)*$/.test(text)],
])

/** Longer ones are none of them; this also bounds what looking costs. */
export const FORMAT_MAX_CHARS = 4_096

const UUID = /^[\da-f]{8}-[\da-f]{4}-[\da-f]{4}-[\da-f]{4}-[\da-f]{12}$/i
const TIME =
  /^(?:[01]\d|2[0-3]):[0-5]\d:(?:[0-5]\d|60)(?:\.\d+)?(?:z|[+-](?:[01]\d|2[0-3]):[0-5]\d)$/i
const DURATION =
  /^P(?:\d+W|(?:\d+Y)?(?:\d+M)?(?:\d+D)?(?:T(?:\d+H)?(?:\d+M)?(?:\d+(?:\.\d+)?S)?)?)$/
const EMAIL = /^[^\s@<>()[\]\\,;:"]{1,64}@[a-z\d](?:[a-z\d.-]{0,253}[a-z\d])?$/i
const IPV4 = /^(?:(?:25[0-5]|2[0-4]\d|1?\d?\d)(?:\.(?!$)|$)){4}$/
const URI_SIGNS = /^(?:[\w\-.~:/?#[\]@!$&'()*+,;=]|%[\da-f]{2})*$/i

function isDate(text: string): boolean {
  const match = /^(\d{4})-(\d\d)-(\d\d)$/.exec(text)
  if (match === null) return false
  const [year, month, day] = match.slice(1).map(Number) as [number, number, number]
  if (month < 1 || month > 12 || day < 1) return false
  const leap = year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0)
  return day <= (month === 2 && leap ? 29 : (DAYS[month - 1] ?? 0))
}

const DAYS = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]

function isDateTime(text: string): boolean {
  const [date = '', time = ''] = text.split(/[t\s]/i)
  return isDate(date) && TIME.test(time) && text.length === date.length + 1 + time.length
}

const isHostname = (text: string): boolean =>
  text.length <= 253 &&
  text
    .split('.')
    .every((label) => /^[a-z\d](?:[a-z\d-]*[a-z\d])?$/i.test(label) && label.length <= 63)

function isIpv6(text: string): boolean {
  if (!/^[\da-f:.]+$/i.test(text) || text.length > 45) return false
  const tail = text.slice(text.lastIndexOf(':') + 1)
  const isMapped = tail.includes('.')
  if (isMapped && !IPV4.test(tail)) return false
  const hex = isMapped ? `${text.slice(0, text.lastIndexOf(':') + 1)}0:0` : text
  const halves = hex.split('::')
  if (halves.length > 2) return false
  const groups = halves.flatMap((half) => (half === '' ? [] : half.split(':')))
  if (!groups.every((group) => /^[\da-f]{1,4}$/i.test(group))) return false
  return halves.length === 2 ? groups.length < 8 : groups.length === 8
}
