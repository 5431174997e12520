import { CONNECTOR_TYPES } from '@millrace/record-yaml/properties'
import { type Static, Type } from 'typebox'
import { Breakpoints, Id, Json, Name, nullable, strict, Text, Time, WrapperUses } from './parts.ts'

export const ConnectorType = Type.Enum(CONNECTOR_TYPES)

/** Known to the model but not built yet: refused with a sentence that says so. */
export const NOT_YET = ['roles', 'remote_workspace_name', 'bundle_id', 'bundle_name'] as const

export const NewExecution = strict(
  {
    flow_id: Type.Optional(Id),
    flow_name: Type.Optional(Name),
    script: Type.Optional(
      Type.String({ minLength: 1, maxLength: 1_048_576, description: 'source of an ad-hoc run' }),
    ),
    language: Type.Optional(Type.Enum(['typescript', 'python'], { description: 'of the script' })),
    connector_id: Type.Optional(Id),
    connector_name: Type.Optional(Name),
    connector_type: Type.Optional(ConnectorType),
    input_value: Type.Optional(Json),
    name: Type.Optional(nullable(Name)),
    description: Type.Optional(nullable(Text)),
    metadata: Type.Optional(Json),
    tags: Type.Optional(Type.Array(Name, { maxItems: 64, uniqueItems: true })),
    is_hidden: Type.Optional(
      Type.Boolean({ default: false, description: 'out of lists that do not ask for it' }),
    ),
    project_id: Type.Optional(nullable(Id)),
    project_name: Type.Optional(Name),
    is_productive: Type.Optional(Type.Boolean({ default: true })),
    use_breakpoints: Type.Optional(
      nullable(
        Type.Boolean({ description: 'stop at the breakpoints; true where some are given here' }),
      ),
    ),
    breakpoints: Type.Optional(nullable(Breakpoints)),
    use_only_explicit_breakpoints: Type.Optional(
      nullable(
        Type.Boolean({ description: 'look at these lines alone: cheaper, but fixed, no stepping' }),
      ),
    ),
    break: Type.Optional(nullable(Type.Boolean({ description: 'stop at the first line' }))),
    scheduled_for: Type.Optional(nullable(Time)),
    run: Type.Optional(
      Type.Boolean({ default: true, description: 'false creates it PAUSED until it is resumed' }),
    ),
    savepoint_retention: Type.Optional(
      Type.Enum(['ALL', 'LAST'], { default: 'ALL', description: 'LAST keeps the newest only' }),
    ),
    priority: Type.Optional(Type.Integer({ minimum: -32_768, maximum: 32_767, default: 0 })),
    max_runtime_seconds: Type.Optional(
      nullable(Type.Integer({ minimum: 1, maximum: 2_147_483_647 })),
    ),
    wrapper_id: Type.Optional(Id),
    wrapper_name: Type.Optional(Name),
    wrappers: Type.Optional(WrapperUses),
    unwrapped: Type.Optional(
      Type.Boolean({
        default: false,
        description: 'true leaves out the wrappers that always stand around what it runs',
      }),
    ),
    schedule_id: Type.Optional(Json),
    roles: Type.Optional(Json),
    remote_workspace_name: Type.Optional(Json),
    bundle_id: Type.Optional(Json),
    bundle_name: Type.Optional(Json),
  },
  {
    description:
      'Exactly one of flow_id, flow_name, script, connector_id, connector_name, connector_type, wrapper_id and wrapper_name says what runs.',
  },
)
export type NewExecutionBody = Static<typeof NewExecution>

export const Batch = strict({ items: Type.Array(NewExecution, { minItems: 1, maxItems: 10_000 }) })

export const ExecutionPatch = strict({
  name: Type.Optional(nullable(Name)),
  description: Type.Optional(nullable(Text)),
  metadata: Type.Optional(Json),
  tags: Type.Optional(nullable(Type.Array(Name, { maxItems: 64, uniqueItems: true }))),
  is_hidden: Type.Optional(Type.Boolean()),
})
export type ExecutionPatchBody = Static<typeof ExecutionPatch>

export const CancelBody = strict({ message: Type.Optional(nullable(Text)) })

/** Levels below an execution. */
export const Depth = Type.Optional(Type.Integer({ minimum: 1, maximum: 1_000 }))

/** Of a stream, the last one that was seen. */
export const EventId = Type.Optional(Type.String({ maxLength: 64 }))

/** Pause and resume: with `tree` all below it, too, that is no orphan. */
export const TreeBody = strict({ tree: Type.Optional(Type.Boolean({ default: false })) })

export const BulkBody = strict({
  action: Type.Enum(['cancel', 'pause', 'resume', 'delete', 'rerun']),
  ids: Type.Optional(Type.Array(Id, { minItems: 1, maxItems: 10_000, uniqueItems: true })),
  filter: Type.Optional(Json),
  dry_run: Type.Optional(Type.Boolean()),
  message: Type.Optional(nullable(Text)),
})
export type BulkBody = Static<typeof BulkBody>

export const DEBUG_ACTIONS = [
  'continue',
  'step_over',
  'step_into',
  'step_out',
  'run_to',
  'break',
] as const
const Line = Type.Integer({ minimum: 1, maximum: 1_048_576 })

export const DebugBody = strict(
  {
    action: Type.Optional(Type.Enum(DEBUG_ACTIONS)),
    line: Type.Optional(Line),
    seq: Type.Optional(
      Type.Integer({
        minimum: 1,
        maximum: 2_147_483_647,
        description: 'the stop that is meant: refused when it stands at another one',
      }),
    ),
    breakpoints: Type.Optional(nullable(Breakpoints)),
    use_breakpoints: Type.Optional(Type.Boolean()),
  },
  { description: 'An action, a change of breakpoints, or both; the change comes first.' },
)
export type DebugBody = Static<typeof DebugBody>

export const InspectBody = strict({
  seq: Type.Optional(
    Type.Integer({
      minimum: 1,
      maximum: 2_147_483_647,
      description: 'a call of its history; default: the stop that it stands at',
    }),
  ),
  expressions: Type.Optional(
    Type.Array(Type.String({ minLength: 1, maxLength: 4_096 }), { maxItems: 50 }),
  ),
})
export type InspectBody = Static<typeof InspectBody>

export const WaitQuery = {
  wait: Type.Optional(
    Type.Number({ minimum: 0, maximum: 300, description: 'seconds to wait for the end' }),
  ),
  fields: Type.Optional(Type.String({ maxLength: 4_096 })),
}

/** The fields of a request that say what to run: exactly one is given. */
export const TARGETS = [
  'flow_id',
  'flow_name',
  'script',
  'connector_id',
  'connector_name',
  'connector_type',
  'wrapper_id',
  'wrapper_name',
] as const
