import { policyFields, Timing } from '@millrace/schedule'
import { type Static, Type } from 'typebox'
import { Id, Name, nullable, strict, Text, Time, WrapperUses } from './parts.ts'

const project = {
  project_id: Type.Optional(nullable(Id)),
  project_name: Type.Optional(nullable(Name)),
}
const described = { description: Type.Optional(nullable(Text)) }

export const NewScheduler = strict(
  {
    name: Name,
    script: Type.String({
      minLength: 1,
      maxLength: 1_048_576,
      description: 'one iteration: it waits until the flow is to run, starts it, and ends',
    }),
    language: Type.Optional(Type.Enum(['typescript', 'python'], { default: 'typescript' })),
    ...described,
    ...project,
  },
  { description: 'A script that decides when the flows of its schedules run.' },
)

export const NewSchedule = strict(
  {
    name: Name,
    flow_id: Type.Optional(Id),
    flow_name: Type.Optional(Name),
    setting_id: Type.Optional(nullable(Id)),
    setting_name: Type.Optional(nullable(Name)),
    scheduler_id: Type.Optional(nullable(Id)),
    scheduler_name: Type.Optional(nullable(Name)),
    timing: Type.Optional(nullable(Timing)),
    input_value: Type.Optional(
      nullable(
        Type.Object(
          {},
          {
            additionalProperties: true,
            description: 'what each run gets; scheduled_at, the planned time, is added to it',
          },
        ),
      ),
    ),
    is_enabled: Type.Optional(Type.Boolean({ default: true })),
    is_productive: Type.Optional(Type.Boolean({ default: true })),
    wrappers: Type.Optional(nullable(WrapperUses)),
    ...policyFields,
    ...described,
    ...project,
  },
  {
    description:
      'A flow (flow_id or flow_name), and when it runs: timing, or a scheduler (scheduler_id or scheduler_name).',
  },
)
export type ScheduleBody = Partial<Static<typeof NewSchedule>>

export const ResumeSchedule = strict({
  catch_up: Type.Optional(
    Type.Enum(['none', 'last', 'all'], {
      description: 'for the times that fell into this pause; default what the schedule says',
    }),
  ),
})

export const Backfill = strict({
  from: Time,
  to: Time,
  overlap: Type.Optional(
    Type.Enum(['queue_all', 'allow'], {
      default: 'queue_all',
      description: 'one after the other, or all at once',
    }),
  ),
  limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 1_000, default: 1_000 })),
  dry_run: Type.Optional(Type.Boolean({ description: 'true shows the times and runs none' })),
})
export type BackfillBody = Static<typeof Backfill>

export const PreviewQuery = {
  count: Type.Optional(Type.Integer({ minimum: 1, maximum: 1_000, default: 5 })),
  from: Type.Optional(Time),
}

/** A timing that belongs to no schedule yet. */
export const PreviewBody = strict({
  timing: Timing,
  starts_at: policyFields.starts_at,
  ends_at: policyFields.ends_at,
  count: PreviewQuery.count,
  from: PreviewQuery.from,
})
export type PreviewBody = Static<typeof PreviewBody>
