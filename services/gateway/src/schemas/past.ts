import { type Static, Type } from 'typebox'
import { Json, Name, nullable, strict } from './parts.ts'

const Seq = Type.Integer({
  minimum: 0,
  maximum: 999_999_999,
  description: 'the number of a call of the present generation; 0 is the beginning',
})

/** `generation.seq`, as lists of savepoints name them. */
export const SavepointId = Type.String({
  pattern: '^[1-9]\\d{0,8}\\.\\d{1,9}$',
  description: 'generation and number, such as 1.4',
  examples: ['1.4'],
})

export const Generation = Type.Integer({
  minimum: 1,
  maximum: 999_999_999,
  description: 'an earlier life; default the present one',
})

export const RevertBody = strict(
  {
    savepoint_id: Type.Optional(SavepointId),
    seq: Type.Optional(Seq),
    name: Type.Optional(Name),
  },
  { description: 'Exactly one of the three says which savepoint.' },
)
export type RevertBody = Static<typeof RevertBody>

export const RerunBody = strict({
  input_value: Type.Optional(Json),
  from_savepoint: Type.Optional(
    Type.Union([Seq, Type.String({ minLength: 1, maxLength: 128 })], {
      description: 'number, id or name of a savepoint; without it from the beginning',
    }),
  ),
  on_latest: Type.Optional(
    Type.Boolean({ default: false, description: "the flow's present script, not the one it ran" }),
  ),
  name: Type.Optional(nullable(Name)),
  is_productive: Type.Optional(Type.Boolean({ description: 'default: as it was' })),
  run: Type.Optional(
    Type.Boolean({ default: true, description: 'false creates it PAUSED until it is resumed' }),
  ),
})
export type RerunBody = Static<typeof RerunBody>
