import { type Static, Type } from 'typebox'

/** Ten years: what is rarer has a date and not an interval. */
export const INTERVAL_SECONDS_MAX = 315_360_000

/**
 * When a schedule fires, as the API takes it: exactly one of `cron`, `interval_seconds` and `rrule`.
 * The schema says what JSON Schema can say well; `checkTiming` says everything.
 */
export const Timing = Type.Object(
  {
    cron: Type.Optional(
      Type.String({
        minLength: 1,
        maxLength: 256,
        description:
          '5 fields (minute hour day month weekday) or 6 (second first), or @daily and the like; names, lists, ranges, steps, L, W and #',
        examples: ['30 6 * * MON-FRI'],
      }),
    ),
    interval_seconds: Type.Optional(
      Type.Integer({
        minimum: 1,
        maximum: INTERVAL_SECONDS_MAX,
        description: 'real seconds from one run to the next',
      }),
    ),
    anchor: Type.Optional(
      Type.Enum(['start', 'end'], {
        description:
          'what an interval counts from: start (default), the beginning of the schedule, without drift; end, the end of the last run',
      }),
    ),
    rrule: Type.Optional(
      Type.String({
        minLength: 1,
        maxLength: 32_768,
        description: 'DTSTART, RRULE, RDATE and EXDATE lines of RFC 5545',
        examples: ['DTSTART;TZID=Europe/Berlin:20260105T090000\nRRULE:FREQ=WEEKLY;BYDAY=MO,TH'],
      }),
    ),
    time_zone: Type.Optional(
      Type.String({
        minLength: 1,
        maxLength: 64,
        description: 'IANA name; default UTC, or the zone that DTSTART names',
        examples: ['Europe/Berlin'],
      }),
    ),
  },
  { additionalProperties: false, description: 'exactly one of cron, interval_seconds and rrule' },
)
export type Timing = Static<typeof Timing>
