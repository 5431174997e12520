import type { ConnectorType, ModeInfo } from './connector-type.ts'
import type { Schema } from './inputs/schema.ts'
import { REST } from './rest/rest.ts'
import { SQLPG } from './sqlpg/sqlpg.ts'

/** The types that can be run, as the API and the console show them. */
export function connectorTypes(): readonly ConnectorTypeInfo[] {
  return [...TYPES.values()].map(({ type, title, schema, modes }) => ({
    type,
    title,
    schema,
    modes,
  }))
}

export interface ConnectorTypeInfo {
  readonly type: string
  readonly title: string
  /** JSON Schema 2020-12 of the merged inputs. */
  readonly schema: Schema
  readonly modes: readonly ModeInfo[]
}

export const connectorType = (name: string): ConnectorType | null => TYPES.get(name) ?? null

// Each type reads only what its own schema has let through.
const TYPES = new Map<string, ConnectorType>(
  [REST as unknown as ConnectorType, SQLPG as unknown as ConnectorType].map((type) => [
    type.type,
    type,
  ]),
)
