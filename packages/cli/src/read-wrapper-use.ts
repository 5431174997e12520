import type { Json, WrapperUse } from '@millrace/client'
import { CliError } from './cli-error.ts'
import { looksLikeId } from './parse-option.ts'

/** Reads `retry`, an id, or `retry={"max_tries":5}`. Errors: CliError for inputs that are no JSON object. */
export function readWrapperUse(given: string): WrapperUse {
  const at = given.indexOf('=')
  const name = at === -1 ? given : given.slice(0, at)
  const named = looksLikeId(name) ? { id: name } : { name }
  return at === -1 ? named : { ...named, input: readInput(given.slice(at + 1), name) }
}

function readInput(text: string, name: string): { readonly [key: string]: Json } {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    value = null
  }
  if (typeof value === 'object' && value !== null && !Array.isArray(value))
    return value as { readonly [key: string]: Json }
  throw new CliError(`what is given to the wrapper "${name}" is no JSON object: ${text}`, {
    way: `write ${name}='{"key":1}'`,
  })
}
