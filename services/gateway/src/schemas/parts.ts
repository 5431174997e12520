import { type Static, Type } from 'typebox'

/** Schemas that others are made of. Each is written once: it validates, and it is the document. */

export const Id = Type.String({ format: 'uuid', description: 'UUID' })

/** No control characters: a name has to fit on a line. */
export const Name = Type.String({
  minLength: 1,
  maxLength: 128,
  pattern: '^[^\\u0000-\\u001f\\u007f\\ud800-\\udfff]+$',
})

export const Text = Type.String({ maxLength: 65_536, pattern: '^[^\\u0000\\ud800-\\udfff]*$' })

export const Time = Type.String({ format: 'date-time', description: 'RFC 3339, with zone' })

/** Lines of a source; those without a statement have no effect. */
export const Breakpoints = Type.Array(Type.Integer({ minimum: 1, maximum: 1_048_576 }), {
  maxItems: 1_000,
  uniqueItems: true,
  description: 'lines to stop before',
})

export const Json = Type.Unknown({ description: 'any JSON' })

export const nullable = <T extends Parameters<typeof Type.Union>[0][number]>(schema: T) =>
  Type.Union([schema, Type.Null()])

/** An object that knows all of its fields: an unknown one is an error of the caller. */
export const strict = <T extends Parameters<typeof Type.Object>[0]>(
  properties: T,
  options: { readonly description?: string } = {},
) => Type.Object(properties, { additionalProperties: false, ...options })

/** Wrappers and what each is given, from the outermost on. */
export const WrapperUses = Type.Array(
  strict({
    id: Type.Optional(Id),
    name: Type.Optional(Name),
    input: Type.Optional(
      Type.Unsafe<Readonly<Record<string, unknown>>>(
        Type.Object({}, { additionalProperties: true, description: 'its own inputs' }),
      ),
    ),
  }),
  { maxItems: 16, description: 'wrappers by id or name, from the outermost on' },
)
export type WrapperUsesBody = Static<typeof WrapperUses>

export const ListQuery = {
  filter: Type.Optional(
    Type.String({ description: 'JSON: {"field","op","value"}, nested with and, or, not' }),
  ),
  order: Type.Optional(
    Type.String({
      maxLength: 512,
      description: 'such as -created_at,name',
      examples: ['-created_at'],
    }),
  ),
  fields: Type.Optional(Type.String({ maxLength: 4_096, description: 'names between commas' })),
  limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 1_000, default: 50 })),
  cursor: Type.Optional(Type.String({ maxLength: 4_096 })),
  count: Type.Optional(Type.Boolean({ description: 'true adds total, exact up to 100,000' })),
}

export const ByQuery = {
  by: Type.Optional(Type.Enum(['id', 'name'], { description: 'what the path names it by' })),
}

export const Problem = Type.Object(
  {
    type: Type.String(),
    title: Type.String(),
    status: Type.Integer(),
    detail: Type.String({ description: 'what is wrong and the way out' }),
    instance: Type.Optional(Type.String()),
    errors: Type.Optional(
      Type.Array(
        Type.Object({
          pointer: Type.String(),
          message: Type.String(),
          line: Type.Optional(Type.Integer()),
          column: Type.Optional(Type.Integer()),
        }),
      ),
    ),
  },
  { description: 'RFC 9457' },
)

export const page = (items: Parameters<typeof Type.Array>[0]) =>
  Type.Object({
    items: Type.Array(items),
    next_cursor: nullable(Type.String()),
    total: Type.Optional(Type.Integer()),
    total_is_exact: Type.Optional(
      Type.Boolean({ description: 'false where there are more than total' }),
    ),
    as_of: Type.String(),
  })
