import type { Violation } from '../evidence.ts'
import { groupBy } from './group-by.ts'

/** What Postgres says of schedules after a run. Times: ms since 1970 by its clock, with fractions. */
export interface ScheduleRows {
  readonly iterations: readonly {
    readonly id: string
    readonly schedule: string
    readonly createdAt: number
    readonly endedAt: number | null
  }[]
  readonly runs: readonly {
    readonly schedule: string
    readonly origin: string
    readonly state: string
    readonly plannedAt: number
    /** DROPPED: the last of `count` times. */
    readonly count: number
    readonly execution: string | null
  }[]
  /** Flows that schedules have started. */
  readonly flows: readonly {
    readonly id: string
    readonly schedule: string
    /** The planned time that it was started with; null for those of a script. */
    readonly scheduledAt: string | null
    readonly createdAt: number
    readonly endedAt: number | null
  }[]
  /** Schedules that run every second, make up for all that was missed, and skip nothing else. */
  readonly everySecond: readonly string[]
  /** Schedules whose runs never overlap. */
  readonly oneByOne: readonly string[]
}

/** I17: one live iteration at a time; each planned time decided once; each run started once. */
export function checkSchedules(rows: ScheduleRows): Violation[] {
  const say = (text: string): Violation => ({ invariant: 'I17', text })
  return [
    ...overlaps(rows.iterations).map(([one, two]) =>
      say(`iterations ${one.id} and ${two.id} of ${one.schedule} lived at the same time`),
    ),
    ...[...groupBy(rows.flows.filter(isPlanned), (flow) => `${flow.schedule} ${flow.scheduledAt}`)]
      .filter(([, flows]) => flows.length > 1)
      .map(([key, flows]) => say(`${key} ran ${flows.length} times`)),
    ...rows.everySecond.flatMap((schedule) => gaps(schedule, rows).map(say)),
    ...overlaps(rows.flows.filter(({ schedule }) => rows.oneByOne.includes(schedule))).map(
      ([one, two]) => say(`runs ${one.id} and ${two.id} of ${one.schedule} overlap`),
    ),
    ...unbooked(rows).map((id) => say(`${id} is a run that no book knows`)),
  ]
}

interface Lived {
  readonly id: string
  readonly schedule: string
  readonly createdAt: number
  readonly endedAt: number | null
}

const isPlanned = ({ scheduledAt }: { scheduledAt: string | null }): boolean => scheduledAt !== null

/** Neighbours in time of one schedule of which the later was made before the end of the earlier. */
function overlaps<Row extends Lived>(rows: readonly Row[]): [Row, Row][] {
  return [...groupBy(rows, ({ schedule }) => schedule).values()].flatMap((lives) => {
    const ordered = lives.toSorted((a, b) => a.createdAt - b.createdAt)
    return ordered.flatMap((later, index): [Row, Row][] => {
      const earlier = ordered[index - 1]
      if (earlier === undefined) return []
      return earlier.endedAt === null || earlier.endedAt > later.createdAt ? [[earlier, later]] : []
    })
  })
}

/** Seconds between the first and the last that nobody has decided about, or somebody twice. */
function gaps(schedule: string, { runs }: ScheduleRows): string[] {
  const own = runs.filter((run) => run.schedule === schedule && run.origin === 'TIMING')
  const seconds = own.flatMap(({ plannedAt, count }) =>
    Array.from({ length: count }, (_, n) => Math.round(plannedAt / 1_000) + n),
  )
  const ordered = seconds.toSorted((a, b) => a - b)
  return ordered.flatMap((second, index) => {
    const step = second - (ordered[index - 1] ?? second - 1)
    if (step === 1) return []
    return step === 0
      ? [`second ${second} of ${schedule} was decided twice`]
      : [`${step - 1} seconds before ${second} of ${schedule} were never decided`]
  })
}

function unbooked({ runs, flows }: ScheduleRows): string[] {
  const known = new Set(runs.flatMap(({ execution }) => execution ?? []))
  return flows.filter(({ id }) => !known.has(id)).map(({ id }) => id)
}
