/**
 * Times as people and browsers write them: seconds and the offset from UTC may be missing. Without an
 * offset it is the time of the zone under `timezone` of the response, or else whatever the flow takes
 * it for; nothing is added or converted.
 */
export const isTimeText = (text: string): boolean => TIME.test(text)

/** A day that there is. */
export function isDateText(text: string): boolean {
  const match = /^(\d{4})-(\d\d)-(\d\d)$/.exec(text)
  if (match === null) return false
  const [year, month, day] = [Number(match[1]), Number(match[2]), Number(match[3])]
  // The zeroth day of the next month is the last of this one.
  const last = new Date(Date.UTC(year, month, 0)).getUTCDate()
  return month >= 1 && month <= 12 && day >= 1 && day <= last
}

/** A date and a time, with T or a blank between them. */
export const isDateTimeText = (text: string): boolean =>
  /^.{10}[Tt ]/.test(text) && isDateText(text.slice(0, 10)) && isTimeText(text.slice(11))

/** A name of the IANA database, such as Europe/Vienna or UTC, or an offset such as +02:00. */
export function isTimeZone(text: string): boolean {
  try {
    Intl.DateTimeFormat('en', { timeZone: text })
    return true
  } catch {
    return false
  }
}

const TIME =
  /^(?:[01]\d|2[0-3]):[0-5]\d(?::[0-5]\d(?:\.\d{1,9})?)?(?:Z|z|[+-](?:[01]\d|2[0-3]):?[0-5]\d)?$/
