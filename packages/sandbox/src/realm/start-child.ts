import { childId } from '@millrace/replay'
import type { Json } from '@millrace/replay'
import {
  booleanOf,
  nameOf,
  objectOf,
  onlyKeys,
  returnWhenOf,
  secondsOf,
  textOf,
  timeOf,
  timeoutOf,
  invalid,
} from './arguments.ts'
import { ChildExecution, endedOf, valueOrThrow } from './child-execution.ts'
import { isRecord } from './exceptions.ts'
import type { Run } from './run.ts'
import { jsonText } from './text.ts'

/** What a child is made of, apart from its options. */
export interface ChildTarget {
  readonly type: 'FLOW' | 'SCRIPT' | 'CONNECTION' | 'WRAPPER'
  readonly field: 'flow' | 'script' | 'connector' | 'connectorType' | 'wrapper'
  readonly value: string
  readonly label: string
  /** Its input where the call gives none: any JSON. */
  readonly input?: Json
  /** Lines of its script that a call through wrappers wants it to stop at. */
  readonly breakpoints?: Json
}

const OPTIONS = [
  'wait',
  'run',
  'timeout',
  'name',
  'init',
  'orphan',
  'priority',
  'maxRuntime',
  'inputs',
  'wrappers',
  'unwrapped',
]
const INIT = [
  'name',
  'project_id',
  'description',
  'metadata',
  'scheduled_for',
  'orphan',
  'priority',
  'savepoint_retention',
  'max_runtime_seconds',
]

/**
 * Creates a child and, unless told otherwise, waits until it has succeeded. `around`: wrappers that
 * stand outside of those of the options, as members of the child's JSON text.
 */
export function startChild(
  run: Run,
  api: string,
  target: ChildTarget,
  inputs: unknown,
  options: unknown,
  around: readonly string[] = [],
): Promise<ChildExecution> {
  const given = objectOf(api, 'options', options)
  onlyKeys(api, 'options', given, OPTIONS)
  const isGiven = inputs !== undefined || given['inputs'] !== undefined
  const input =
    target.input !== undefined && !isGiven
      ? target.input
      : {
          ...objectOf(api, 'inputs', inputs),
          ...objectOf(api, 'options.inputs', given['inputs']),
        }
  const init = initOf(api, given)
  const wrapping = run.checked(() => wrappingOf(api, given, around))
  const starts = given['run'] === undefined ? true : booleanOf(api, 'options.run', given['run'])
  const wait = given['wait'] ?? true
  const timeout = timeoutOf(api, given['timeout'])
  const lines =
    target.breakpoints === undefined ? '' : `,"breakpoints":${JSON.stringify(target.breakpoints)}`
  const inputText = run.checked(() => jsonText(input, `The inputs of ${target.label}`))
  let id = ''
  const spec = (seq: number): string => {
    const life = run.lifeOf(seq)
    id = childId(life.id, life.generation, seq, run.now)
    return `"child":{"id":"${id}","type":"${target.type}","${target.field}":${JSON.stringify(target.value)},"input":${inputText}${init.text}${wrapping}${lines}}`
  }
  const name = init.name ?? (target.type === 'SCRIPT' ? null : target.label)
  if (wait === false || !starts) {
    const args = (seq: number): string => `${spec(seq)},"run":${starts}`
    return run.ask({ api, kind: 'start', label: target.label, args }, (outcome, frames) => {
      valueOrThrow(outcome, frames)
      return new ChildExecution(run, {
        id,
        name,
        type: target.type,
        status: starts ? 'WAITING_ENGINE' : 'PAUSED',
      })
    })
  }
  const returnWhen = wait === true ? 'ALL_SUCCEEDED' : returnWhenOf(api, 'options.wait', wait, 1)
  const args = (seq: number): string =>
    `${spec(seq)},"returnWhen":${JSON.stringify(returnWhen)},"timeout":${timeout ?? 'null'}`
  return run.ask({ api, kind: 'call', label: target.label, args }, (outcome, frames) => {
    const child = new ChildExecution(run, { id, name, type: target.type })
    endedOf(outcome, [child], target.label, frames)
    return child
  })
}

/** The wrappers of a call and whether the static ones are left out; nothing for most calls. */
function wrappingOf(
  api: string,
  options: Record<string, unknown>,
  around: readonly string[],
): string {
  const listed = options['wrappers']
  if (listed !== undefined && !Array.isArray(listed))
    throw invalid(api, 'options.wrappers', 'a list of wrappers', listed)
  const inside = (listed ?? []).map((use: unknown, index) => {
    const place = `options.wrappers[${index}]`
    if (typeof use === 'string') return wrapperText(api, use, undefined)
    const fields = objectOf(api, place, use)
    onlyKeys(api, place, fields, ['id', 'name', 'input'])
    return wrapperText(api, fields['id'] ?? fields['name'], fields['input'])
  })
  const uses = [...around, ...inside]
  if (uses.length > WRAPPERS_MAX)
    throw invalid(api, 'wrappers', `at most ${WRAPPERS_MAX} for one call`, uses)
  const text = uses.length === 0 ? '' : `,"wrappers":[${uses.join(',')}]`
  const { unwrapped } = options
  if (unwrapped === undefined || !booleanOf(api, 'options.unwrapped', unwrapped)) return text
  return `${text},"unwrapped":true`
}

const WRAPPERS_MAX = 16

/** One wrapper as a member of a child's JSON text. */
export function wrapperText(api: string, wrapper: unknown, inputs: unknown): string {
  const name = nameOf(api, 'wrapper', wrapper)
  const input = objectOf(api, 'the inputs of the wrapper', inputs)
  if (Object.hasOwn(input, 'wrapped'))
    throw invalid(api, 'the inputs of the wrapper', 'without "wrapped", which it is told', input)
  return `{"wrapper":${JSON.stringify(name)},"input":${jsonText(input, `The inputs of the wrapper ${name}`)}}`
}

/** `self.connect(name, inputs, options)` or `self.connect({connector_type, …}, options)`. */
export function connectorTarget(
  first: unknown,
  rest: readonly unknown[],
): { target: ChildTarget; inputs: unknown; options: unknown } {
  const api = 'self.connect'
  if (!isRecord(first)) {
    const value = nameOf(api, 'connector', first)
    return {
      target: { type: 'CONNECTION', field: 'connector', value, label: value },
      inputs: rest[0],
      options: rest[1],
    }
  }
  const { connector_type: snake, connectorType: camel, ...inputs } = first
  const type = snake ?? camel
  if (typeof type !== 'string')
    throw invalid(api, 'connector_type', 'the name of a connector type', type)
  if (rest.length > 1)
    throw invalid(
      api,
      'the second argument',
      'the options: the inputs are part of the first',
      rest[0],
    )
  return {
    target: { type: 'CONNECTION', field: 'connectorType', value: type, label: type },
    inputs,
    options: rest[0],
  }
}

export function scriptTarget(source: unknown): ChildTarget {
  return {
    type: 'SCRIPT',
    field: 'script',
    value: textOf('self.script', 'source', source),
    label: 'script',
  }
}

/** The fields of the new record, as members of the child's JSON text. */
function initOf(
  api: string,
  options: Record<string, unknown>,
): { name: string | null; text: string } {
  const init = { ...objectOf(api, 'options.init', options['init']) }
  onlyKeys(api, 'options.init', init, INIT)
  for (const key of ['name', 'orphan', 'priority']) {
    if (options[key] !== undefined) init[key] = options[key]
  }
  if (options['maxRuntime'] !== undefined) init['max_runtime_seconds'] = options['maxRuntime']
  let text = ''
  const add = (key: string, value: Json): void => {
    text += `,"${key}":${JSON.stringify(value)}`
  }
  const name =
    init['name'] === undefined || init['name'] === null ? null : nameOf(api, 'name', init['name'])
  if (name !== null) add('name', name)
  if (init['orphan'] !== undefined) add('orphan', booleanOf(api, 'orphan', init['orphan']))
  if (init['priority'] !== undefined) {
    const { priority } = init
    if (typeof priority !== 'number' || !Number.isInteger(priority))
      throw invalid(api, 'priority', 'a whole number', priority)
    if (priority < -32_768 || priority > 32_767)
      throw invalid(api, 'priority', 'between -32768 and 32767', priority)
    add('priority', priority)
  }
  if (init['max_runtime_seconds'] !== undefined)
    add('maxRuntime', maxRuntimeOf(api, init['max_runtime_seconds']))
  if (init['project_id'] !== undefined)
    add('projectId', textOf(api, 'init.project_id', init['project_id']))
  if (init['description'] !== undefined)
    add('description', textOf(api, 'init.description', init['description']))
  if (init['scheduled_for'] !== undefined)
    add('scheduledFor', timeOf(api, 'init.scheduled_for', init['scheduled_for']))
  if (init['savepoint_retention'] !== undefined) {
    const retention = init['savepoint_retention']
    if (retention !== 'ALL' && retention !== 'LAST')
      throw invalid(api, 'init.savepoint_retention', "'ALL' or 'LAST'", retention)
    add('savepointRetention', retention)
  }
  if (init['metadata'] !== undefined)
    text += `,"metadata":${jsonText(init['metadata'], 'init.metadata')}`
  return { name, text }
}

function maxRuntimeOf(api: string, value: unknown): number | null {
  if (value === null) return null
  if (typeof value === 'number' && Number.isInteger(value) && value >= 1 && value <= 2_147_483_647)
    return value
  throw invalid(api, 'maxRuntime', 'a whole number of seconds from 1, or null', value)
}

export function sleepArgs(api: string, seconds: unknown): { text: string; label: string } {
  const value = secondsOf(api, 'seconds', seconds)
  return { text: `"seconds":${value}`, label: `${value} s` }
}
