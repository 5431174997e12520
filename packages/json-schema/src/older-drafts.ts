import type { SchemaFault } from './run.ts'
import { escapeStep } from './run.ts'

/**
 * Keywords that an older draft checks by and 2020-12 does not know, with what says the same in it. A check
 * ignores them, as it must; whoever writes a schema with one is to hear of it.
 */
const INSTEAD: Readonly<Record<string, string>> = {
  $recursiveRef: '$dynamicRef',
  additionalItems: 'items beside prefixItems',
  dependencies: 'dependentRequired or dependentSchemas',
  disallow: 'not',
  divisibleBy: 'multipleOf',
  extends: 'allOf',
}

/** Those of one schema, which stands at `pointer`. */
export const unheededIn = (
  schema: Readonly<Record<string, unknown>>,
  pointer: string,
): SchemaFault[] =>
  Object.entries(INSTEAD).flatMap(([name, instead]) =>
    Object.hasOwn(schema, name)
      ? {
          pointer: `${pointer}/${escapeStep(name)}`,
          message: `is of an older draft and would check nothing: use ${instead}`,
        }
      : [],
  )
