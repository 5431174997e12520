import { checkValue } from './check-value.ts'
import { EXECUTION_PROPERTIES, type ExecutionProperty } from './execution-properties.ts'
import { below, collectFaults, type Faults, type FieldError } from './field-error.ts'
import { type Budget, jsonOfDocument } from './json-of-document.ts'
import { isObject, type Json, type JsonObject } from './json.ts'
import { readDocuments } from './read-documents.ts'

/** A record to store, without an id: it gets one of its own. */
export interface ImportedExecution {
  /** Where it stands, such as `/0/execution/children/1`. */
  readonly pointer: string
  /** Which of the records before it has started it; null for one that stands at the top. */
  readonly parent: number | null
  /** The properties that an import takes and that have a value. */
  readonly fields: JsonObject
}

export type ImportResult =
  | { readonly ok: true; readonly records: readonly ImportedExecution[] }
  | { readonly ok: false; readonly errors: readonly FieldError[] }

export interface ImportLimits {
  /** Of the text, in UTF-16 units. */
  readonly chars: number
  readonly documents: number
  /** Of one document. A hundred thousand take about half a second of the processor. */
  readonly tokens: number
  /** Of all documents together, nested ones included. */
  readonly records: number
  /** Values in all of them, an alias counted as what it stands for. */
  readonly nodes: number
}

export const IMPORT_LIMITS: ImportLimits = {
  chars: 16 * 1_048_576,
  documents: 10_000,
  tokens: 200_000,
  records: 10_000,
  nodes: 2_000_000,
}

/**
 * The ended executions of a text of YAML 1.2 documents, parents before children. All or nothing: with
 * anything wrong, every fault found, up to a hundred, with its document, place and line. Never throws.
 */
export function importDocuments(text: string, limits: ImportLimits = IMPORT_LIMITS): ImportResult {
  const steps = importInSteps(text, limits)
  for (;;) {
    const step = steps.next()
    if (step.done === true) return step.value
  }
}

/**
 * The same, one document at each step: who has others to serve does so in between, since a large text
 * takes seconds.
 */
export function* importInSteps(
  text: string,
  limits: ImportLimits = IMPORT_LIMITS,
): Generator<void, ImportResult> {
  const faults = collectFaults()
  const records: ImportedExecution[] = []
  if (text.length > limits.chars) {
    const message = `is longer than ${limits.chars} characters: import it in parts`
    return { ok: false, errors: [{ pointer: '', message }] }
  }
  // What aliases may blow a text up to: twice its largest size, counted over all documents.
  const budget: Budget = { nodes: limits.nodes, chars: 2 * limits.chars }
  for (const { document, pointer, lines } of readDocuments(text, limits, faults)) {
    const json = jsonOfDocument(document, { pointer, budget, faults, lines })
    if (json !== null) readDocument(json.value, pointer, { records, faults, limits })
    yield
  }
  return faults.errors.length > 0 ? { ok: false, errors: faults.errors } : { ok: true, records }
}

interface Reading {
  readonly records: ImportedExecution[]
  readonly faults: Faults
  readonly limits: ImportLimits
}

function readDocument(value: Json, pointer: string, reading: Reading): void {
  const keys = isObject(value) ? Object.keys(value) : []
  if (!isObject(value) || keys.length !== 1 || keys[0] !== 'execution')
    return reading.faults.add({
      pointer,
      message: `must be one record under its type: execution${keys.length === 0 ? '' : `; it has ${keys.slice(0, 5).join(', ')}`}`,
    })
  readExecution(value['execution'] as Json, below(pointer, 'execution'), null, reading)
}

function readExecution(
  value: Json,
  pointer: string,
  parent: number | null,
  reading: Reading,
): void {
  const { records, faults, limits } = reading
  if (records.length >= limits.records)
    return faults.add({ pointer, message: `is one of more than ${limits.records} executions` })
  if (!isObject(value)) return faults.add({ pointer, message: 'must be a mapping of properties' })
  const { children, ...properties } = value
  const index = records.length
  records.push({ pointer, parent, fields: readFields(properties, pointer, faults) })
  if (children === undefined || children === null) return
  const place = below(pointer, 'children')
  if (!Array.isArray(children))
    return faults.add({ pointer: place, message: 'must be a list of executions' })
  for (const [at, child] of (children as readonly Json[]).entries())
    readExecution(child, below(place, at), index, reading)
}

function readFields(given: JsonObject, pointer: string, faults: Faults): JsonObject {
  const fields: Record<string, Json> = {}
  for (const [name, value] of Object.entries(given)) {
    const property = BY_NAME.get(name)
    const place = below(pointer, name)
    if (property === undefined) faults.add({ pointer: place, message: 'is not known' })
    if (property?.imported !== true) continue
    const checked = checkValue(property, value)
    if (!checked.ok) faults.add({ pointer: place, message: checked.message })
    else if (checked.value !== null) fields[name] = checked.value
  }
  for (const name of NEEDED)
    if ((given[name] ?? null) === null)
      faults.add({ pointer: below(pointer, name), message: 'is missing' })
  checkTogether(fields, pointer, faults)
  return fields
}

/** What no property says by itself. */
function checkTogether(fields: JsonObject, pointer: string, faults: Faults): void {
  const fault = (name: string, message: string): void =>
    faults.add({ pointer: below(pointer, name), message })
  const { status, started_at: startedAt, ended_at: endedAt } = fields
  if (typeof status === 'string' && !status.startsWith('ENDED_'))
    fault('status', `is ${status}: only ended executions are imported`)
  // RFC 3339 in UTC sorts as text.
  if (typeof startedAt === 'string' && typeof endedAt === 'string' && startedAt > endedAt)
    fault('ended_at', 'lies before started_at')
  if (fields['project_id'] !== undefined && fields['bundle_id'] !== undefined)
    fault('bundle_id', 'and project_id exclude each other')
}

/** An ended run without these says too little to be kept. */
const NEEDED = ['type', 'status', 'ended_at']

const BY_NAME: ReadonlyMap<string, ExecutionProperty> = new Map(
  EXECUTION_PROPERTIES.map((property) => [property.name, property]),
)
