import type { SchemaCheck } from '@millrace/json-schema'
import type { ScheduleWork } from '@millrace/store'
import { runInput } from './new-executions.ts'

/**
 * Why the flow, whose schema may have changed since the schedule was made, does not take the schedule's
 * input: a sentence for the book; null where it does. A wrapper may make other inputs of it, and has it
 * checked when it starts the flow.
 */
export async function inputRefusal(work: ScheduleWork): Promise<string | null> {
  const { flow_input_schema: schema } = work
  if (schema === null || work.is_wrapped || work.flow_is_wrapped) return null
  const fault = await inputFault(schema, runInput(work, work.now))
  return fault === null ? null : `its input does not match the input_schema of its flow: ${fault}`
}

/** Where and how an input does not match a schema (JSON text); null where it does. */
export async function inputFault(schema: string, input: unknown): Promise<string | null> {
  const [fault] = (await checkOf(schema))(input)
  return fault === undefined
    ? null
    : `${fault.pointer === '' ? 'it' : fault.pointer} ${fault.message}`
}

/** Compiling a schema costs more than a thousand checks. */
const checks = new Map<string, SchemaCheck>()
const CHECKS_MAX = 200

/** Flows are checked when they are stored; what is no schema all the same lets everything in. */
async function checkOf(text: string): Promise<SchemaCheck> {
  const known = checks.get(text)
  if (known !== undefined) return known
  // Loaded by the first schedule of a flow with a schema: most have none.
  const { compileSchema } = await import('@millrace/json-schema')
  const schema = compileSchema(JSON.parse(text))
  const check: SchemaCheck = schema.ok ? schema.check : () => []
  if (checks.size >= CHECKS_MAX) checks.clear()
  checks.set(text, check)
  return check
}
