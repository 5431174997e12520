import { compileSchema, type SchemaCheck, type SchemaFault } from '@millrace/json-schema'
import type { End, ErrorValue, Json } from '@millrace/replay'
import { createSchemaPins, type Database, readPayloads, type SchemaPins } from '@millrace/store'

/** Schemas, as this engine needs them: for the inputs of children and wrappers, and for outputs. */
export interface Schemas {
  readonly pins: SchemaPins
  /** The error that starting a flow with this input throws; null when it may be started. */
  checkInput(
    flow: { readonly name: string; readonly input_schema: string | null },
    input: Json,
  ): ErrorValue | null
  /** The error that a call through this wrapper throws, which gives it this; null when it may be started. */
  checkWrapper(
    wrapper: { readonly name: string; readonly input_schema: string | null },
    input: Json,
  ): ErrorValue | null
  /** The end as it is, or the error that it becomes when its output does not match. */
  checkEnd(
    held: { readonly workspaceId: string; readonly outputSchema: string | null },
    end: End,
  ): Promise<End>
}

/** One per database: what was compiled is kept. */
export function schemasOf(db: Database): Schemas {
  const known = all.get(db)
  if (known !== undefined) return known
  const made = createSchemas(db)
  all.set(db, made)
  return made
}

const all = new WeakMap<Database, Schemas>()

function createSchemas(db: Database): Schemas {
  const compiled = new Map<string, SchemaCheck>()
  const byHash = new Map<string, Promise<SchemaCheck>>()

  return {
    pins: createSchemaPins(db),
    checkInput: (flow, input) => checkAs('flow', flow, input),
    checkWrapper: (wrapper, input) => checkAs('wrapper', wrapper, input),
    async checkEnd({ workspaceId, outputSchema }, end) {
      if (outputSchema === null || end.status !== 'ENDED_SUCCESS') return end
      const faults = (await checkOf(workspaceId, outputSchema))(end.output)
      if (faults.length === 0) return end
      const message = `SchemaValidationError: the output does not match the output_schema of its flow: ${listOf(faults)}`
      // It is kept to look at.
      return { status: 'ENDED_ERROR', message, output: end.output }
    },
  }

  function checkAs(
    type: 'flow' | 'wrapper',
    record: { readonly name: string; readonly input_schema: string | null },
    input: Json,
  ): ErrorValue | null {
    if (record.input_schema === null) return null
    // Without an input the handler gets an empty object.
    const faults = compiledOf(record.input_schema)(input ?? {})
    return faults.length === 0 ? null : inputError(`${type} "${record.name}"`, faults)
  }

  function compiledOf(text: string): SchemaCheck {
    const known = compiled.get(text)
    if (known !== undefined) return known
    const check = compile(text)
    if (compiled.size >= COMPILED_MAX) compiled.clear()
    compiled.set(text, check)
    return check
  }

  /** By the content's hash, which is the same for whatever has the same schema. */
  function checkOf(workspaceId: string, hash: string): Promise<SchemaCheck> {
    const key = `${workspaceId}/${hash}`
    const known = byHash.get(key)
    if (known !== undefined) return known
    const reading = readPayloads(db, [{ workspaceId, hash }]).then((bodies) => {
      const body = bodies.get(key)
      return body === undefined ? ANYTHING : compiledOf(body)
    })
    if (byHash.size >= COMPILED_MAX) byHash.clear()
    byHash.set(key, reading)
    reading.catch(() => byHash.delete(key)) // Postgres was away: the next one asks again
    return reading
  }
}

const COMPILED_MAX = 500
const ANYTHING: SchemaCheck = () => []

/** Flows are checked when they are stored; what is no schema all the same lets everything in. */
function compile(text: string): SchemaCheck {
  const schema = compileSchema(JSON.parse(text))
  return schema.ok ? schema.check : ANYTHING
}

const inputError = (what: string, faults: readonly SchemaFault[]): ErrorValue => ({
  name: 'SchemaValidationError',
  message: `the input of the ${what} does not match its input_schema: ${listOf(faults)}`,
  details: { errors: faults.map(({ pointer, message }) => ({ pointer, message })) },
})

/** The first few, in words; the top itself has no pointer. */
function listOf(faults: readonly SchemaFault[]): string {
  const texts = faults
    .slice(0, 5)
    .map(({ pointer, message }) => `${pointer === '' ? 'it' : pointer} ${message}`)
  return `${texts.join('; ')}${faults.length > 5 ? '; …' : ''}`
}
