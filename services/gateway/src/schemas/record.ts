import { WEBHOOK_DOCUMENTS } from '@millrace/webhook'
import { type Static, type TObject, Type } from 'typebox'
import { ConnectorType } from './execution.ts'
import { Breakpoints, Id, Json, Name, nullable, strict, Text, Time, WrapperUses } from './parts.ts'
import { NewSchedule, NewScheduler } from './schedule.ts'

const project = {
  project_id: Type.Optional(nullable(Id)),
  project_name: Type.Optional(nullable(Name)),
}
const described = { description: Type.Optional(nullable(Text)) }

const wrapped = { wrappers: Type.Optional(nullable(WrapperUses)) }

const Source = Type.String({ minLength: 1, maxLength: 1_048_576 })
const Language = Type.Enum(['typescript', 'python'], {
  description: 'typescript includes JavaScript',
  default: 'typescript',
})
const Runtime = nullable(Type.Integer({ minimum: 1, maximum: 2_147_483_647 }))

/** A JSON pointer into the input: runs with the same value there share the limit. */
const LimitKey = Type.Optional(
  Type.String({ maxLength: 256, pattern: '^(/[^\\u0000-\\u001f/]+)+$', examples: ['/customer'] }),
)
const Concurrency = nullable(
  strict(
    { limit: Type.Integer({ minimum: 1, maximum: 10_000 }), key: LimitKey },
    { description: 'how many runs go on at once; the others wait for a place, first come first' },
  ),
)
const RateLimit = nullable(
  strict(
    {
      limit: Type.Integer({ minimum: 1, maximum: 1_000 }),
      per_seconds: Type.Integer({ minimum: 1, maximum: 86_400 }),
      key: LimitKey,
    },
    { description: 'how many runs start in any so many seconds' },
  ),
)

export const NewFlow = strict({
  name: Name,
  script: Source,
  language: Type.Optional(Language),
  input_schema: Type.Optional(Json),
  output_schema: Type.Optional(Json),
  max_runtime_seconds: Type.Optional(Runtime),
  breakpoints: Type.Optional(nullable(Breakpoints)),
  concurrency: Type.Optional(Concurrency),
  rate_limit: Type.Optional(RateLimit),
  ...wrapped,
  ...described,
  ...project,
})
export const NewSetting = strict({
  name: Name,
  value: Type.Optional(Json),
  ...described,
  ...project,
})
export const NewConnector = strict({
  name: Name,
  connector_type: ConnectorType,
  value: Type.Optional(Type.Object({}, { additionalProperties: true })),
  ...wrapped,
  ...described,
  ...project,
})
export const NewWrapper = strict({
  name: Name,
  script: Source,
  language: Type.Optional(Language),
  input_schema: Type.Optional(Json),
  ...wrapped,
  ...described,
  ...project,
})
export const NewProject = strict({ name: Name, ...described })

const FileFields = {
  name: Type.String({ minLength: 1, maxLength: 512, description: 'a path, with / between parts' }),
  content_type: Type.Optional(
    nullable(Type.String({ minLength: 1, maxLength: 256, pattern: '^[\\u0020-\\u007e]+$' })),
  ),
  ...described,
  ...project,
}
export const NewFile = strict({
  ...FileFields,
  text: Type.Optional(Type.String({ description: 'its content, as UTF-8' })),
  base64: Type.Optional(Type.String({ description: 'its content instead of text' })),
})

/** The same fields, none of them needed. One that is not among them stays an error. */
const patchOf = <T extends TObject>(schema: T) =>
  Type.Partial(schema, { additionalProperties: false })

/** packages/webhook checks its own fields, with sentences of its own; the document shows its schemas. */
const Anything = Type.Record(Type.String(), Type.Unknown())
export const RECORD_DOCUMENTS = {
  webhook: {
    create: Type.Unsafe(WEBHOOK_DOCUMENTS.create),
    update: Type.Unsafe(WEBHOOK_DOCUMENTS.update),
  },
} as const

export const NEW_RECORD = {
  flow: NewFlow,
  setting: NewSetting,
  connector: NewConnector,
  project: NewProject,
  scheduler: NewScheduler,
  schedule: NewSchedule,
  webhook: Anything,
  file: NewFile,
  wrapper: NewWrapper,
} as const
export const RECORD_PATCH = {
  flow: patchOf(NewFlow),
  setting: patchOf(NewSetting),
  connector: patchOf(NewConnector),
  project: patchOf(NewProject),
  scheduler: patchOf(NewScheduler),
  schedule: patchOf(NewSchedule),
  webhook: Anything,
  file: patchOf(strict(FileFields)),
  wrapper: patchOf(NewWrapper),
} as const

export const NewWorkspace = strict({
  name: Name,
  user_name: Type.Optional(Name),
  password: Type.Optional(Type.String({ minLength: 8, maxLength: 1_024 })),
})
export type NewWorkspaceBody = Static<typeof NewWorkspace>

export const NewUser = strict({
  name: Name,
  password: Type.String({ minLength: 8, maxLength: 1_024 }),
  is_admin: Type.Optional(Type.Boolean()),
})
export type NewUserBody = Static<typeof NewUser>

export const UserPatch = strict({ password: Type.String({ minLength: 8, maxLength: 1_024 }) })

export const NewApiKey = strict({
  name: Name,
  expires_at: Type.Optional(nullable(Time)),
  roles: Type.Optional(Json),
})
export type NewApiKeyBody = Static<typeof NewApiKey>

export const Login = strict({
  user_name: Type.String({ minLength: 1, maxLength: 128 }),
  password: Type.String({ minLength: 1, maxLength: 1_024 }),
})

export const ForceRelease = strict({
  force: Type.Boolean({ const: true }),
  execution_id: Type.Optional(Id),
  reason: Type.Optional(Text),
})
