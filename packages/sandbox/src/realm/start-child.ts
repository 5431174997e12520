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
  readonly type: 'FLOW' | 'SCRIPT' | 'CONNECTION'
  readonly field: 'flow' | 'script' | 'connector' | 'connectorType'
  readonly value: string
  readonly label: string
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

/** Creates a child and, unless told otherwise, waits until it has succeeded. */
export function startChild(
  run: Run,
  api: string,
  target: ChildTarget,
  inputs: unknown,
  options: unknown,
): Promise<ChildExecution> {
  const given = objectOf(api, 'options', options)
  onlyKeys(api, 'options', given, OPTIONS)
  const input = {
    ...objectOf(api, 'inputs', inputs),
    ...objectOf(api, 'options.inputs', given['inputs']),
  }
  const init = initOf(api, given)
  const starts = given['run'] === undefined ? true : booleanOf(api, 'options.run', given['run'])
  const wait = given['wait'] ?? true
  const timeout = timeoutOf(api, given['timeout'])
  const inputText = run.checked(() => jsonText(input, `The inputs of ${target.label}`))
  let id = ''
  const spec = (seq: number): string => {
    const life = run.lifeOf(seq)
    id = childId(life.id, life.generation, seq, run.now)
    return `"child":{"id":"${id}","type":"${target.type}","${target.field}":${JSON.stringify(target.value)},"input":${inputText}${init.text}}`
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
