import { Type } from 'typebox'
import { EXECUTION_PROPERTIES } from '../operations/execution-json.ts'
import { executionNotFound } from '../problem.ts'
import { Json, strict } from '../schemas/parts.ts'

export const ExecutionKey = strict({ id: Type.String({ description: 'UUID' }) })

export const Execution = Type.Object(
  Object.fromEntries(EXECUTION_PROPERTIES().map((name) => [name, Json])),
  { description: 'All properties; null where there is no value.' },
)

export const History = strict({
  limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 1_000 })),
  cursor: Type.Optional(Type.String({ maxLength: 64 })),
})

/** What is no id names nothing. */
export function idOf({ id }: { id: string }): string {
  if (!UUID.test(id)) throw executionNotFound(id)
  return id.toLowerCase()
}

const UUID = /^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/i
