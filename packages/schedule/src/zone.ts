/** A time zone as stretches of time in which its clocks keep one distance from UTC. */
export interface Zone {
  readonly name: string
  /** The stretch that this moment lies in. It may be cut short days away where nothing changes. */
  stretchAt(ms: number): Stretch
}

export interface Stretch {
  readonly startMs: number
  /** The first moment of the next one. */
  readonly endMs: number
  /** What the clocks show minus UTC. */
  readonly offsetMs: number
}

/**
 * The zone of an IANA name. Throws a RangeError when there is none.
 *
 * Offsets come from Intl and the moments of change from bisecting them: Temporal's own
 * getTimeZoneTransition has known faults (boa-dev/temporal#602), and so the tests can hold one
 * implementation of the time zone database against the other.
 */
export function zoneOf(name: string): Zone {
  const known = zones.get(name)
  if (known !== undefined) return known
  // A bare distance such as +02:00 is a zone to Intl, and one whose clocks never change.
  if (!/^[A-Za-z]/.test(name)) throw new RangeError(`${name} is no name of a time zone`)
  const offsetAt = offsetReader(name)
  const chunks = new Map<number, readonly Stretch[]>()
  const zone: Zone = {
    name,
    stretchAt: (ms) => {
      const index = Math.floor(ms / CHUNK_MS)
      let stretches = chunks.get(index)
      if (stretches === undefined) {
        if (chunks.size >= CHUNKS_MAX) chunks.clear()
        stretches = stretchesAround(offsetAt, index)
        chunks.set(index, stretches)
      }
      for (const stretch of stretches) if (ms < stretch.endMs) return stretch
      throw new RangeError(`${name} has no clock at ${ms}`)
    },
  }
  if (zones.size >= ZONES_MAX) zones.clear()
  zones.set(name, zone)
  return zone
}

type OffsetAt = (ms: number) => number

/**
 * Between two looks nobody may change the clocks there and back. Seven days is the least since 1970:
 * northern Brazil gave up its summer time in October 2000 after one week of it.
 */
const CHUNK_MS = 4 * 86_400_000
/** Ten years of one zone. */
const CHUNKS_MAX = 1_000
/** More than there are; names come in any case, so that the map needs a bound. */
const ZONES_MAX = 1_000
const zones = new Map<string, Zone>()

/**
 * The stretches of a chunk, whole as far as its neighbours reach: whoever asks for the stretch
 * before or after looks at the change of clocks between them, never at the edge of a chunk.
 */
function stretchesAround(offsetAt: OffsetAt, index: number): readonly Stretch[] {
  const stretches: Stretch[] = []
  for (let piece = index - 1; piece <= index + 1; piece++)
    for (const stretch of stretchesOf(offsetAt, piece * CHUNK_MS)) {
      const last = stretches.at(-1)
      if (last !== undefined && last.offsetMs === stretch.offsetMs)
        stretches[stretches.length - 1] = { ...last, endMs: stretch.endMs }
      else stretches.push(stretch)
    }
  return stretches.filter(({ endMs }) => endMs > index * CHUNK_MS)
}

function stretchesOf(offsetAt: OffsetAt, startMs: number): readonly Stretch[] {
  const endMs = startMs + CHUNK_MS
  const before = offsetAt(startMs)
  const after = offsetAt(endMs)
  if (before === after) return [{ startMs, endMs, offsetMs: before }]
  let [low, high] = [startMs, endMs]
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2)
    if (offsetAt(middle) === before) low = middle
    else high = middle
  }
  const first = { startMs, endMs: high, offsetMs: before }
  return high === endMs ? [first] : [first, { startMs: high, endMs, offsetMs: after }]
}

function offsetReader(name: string): OffsetAt {
  const format = new Intl.DateTimeFormat('en-US', { timeZone: name, timeZoneName: 'longOffset' })
  return (ms) => {
    const text = format.format(ms)
    const match = OFFSET.exec(text)
    if (match === null) throw new RangeError(`no offset in ${text}`)
    const [, sign, hours = '0', minutes = '0', seconds = '0'] = match
    const distance = (Number(hours) * 3_600 + Number(minutes) * 60 + Number(seconds)) * 1_000
    return sign === undefined || sign === '+' ? distance : -distance
  }
}

const OFFSET = /GMT(?:([+\-\u2212])(\d{2}):(\d{2})(?::(\d{2}))?)?$/
