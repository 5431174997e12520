import {
  ResourceNotFoundError,
  type ChildExecution,
  type Execution,
  type Setting,
  type System,
  type Wrapped,
} from '@millrace/flow-api'

interface Inputs {
  readonly wrapped: Wrapped
  /** Older outputs are not given any more. Default 1440: a day. */
  readonly max_age_minutes?: number
  /** Of different inputs, how many are remembered. Default 100. */
  readonly max_entries?: number
}

/**
 * Gives the output of the last run with the same inputs that has succeeded, as long as it is young
 * enough; runs what it wraps otherwise. Which run that was stands in a setting, its output where it
 * always was: deleting either empties the cache.
 */
export default async function handler(
  system: System,
  self: Execution,
  inputs: Inputs,
): Promise<void> {
  const { wrapped, max_age_minutes: maxAgeMinutes = 1_440, max_entries: maxEntries = 100 } = inputs
  const setting = system.setting(settingName(wrapped))
  const key = digestOf([wrapped.input_value, wrapped.wrappers ?? []])
  const askedMs = Date.now()
  const isFresh = (entry: Entry): boolean =>
    askedMs - Date.parse(entry.at) <= maxAgeMinutes * 60_000

  const hit = (await entriesOf(setting)).find((entry) => entry.key === key && isFresh(entry))
  if (hit !== undefined) {
    const output = await outputOf(system.execution(hit.execution_id))
    if (output !== undefined) {
      self.save({ output_value: output })
      self.success(`from the cache: execution ${hit.execution_id} of ${hit.at}`)
    }
  }

  const child = await self.wrapped(undefined, { wait: 'ALL_ENDED' })
  if (child.status === 'ENDED_SUCCESS') {
    const entry = { key, at: new Date(Date.now()).toISOString(), execution_id: child.id }
    // Read again: others have run meanwhile. Two at once lose one entry, and it is made again.
    const others = (await entriesOf(setting)).filter((one) => one.key !== key && isFresh(one))
    await setting.set([entry, ...others].slice(0, maxEntries))
  }
  passOn(self, child)
}

interface Entry {
  readonly key: string
  /** RFC 3339. */
  readonly at: string
  readonly execution_id: string
}

/** Undefined when the execution is not there any more. */
async function outputOf(execution: ChildExecution): Promise<any> {
  try {
    const [status, output] = await execution.load('status', 'output_value')
    return status === 'ENDED_SUCCESS' ? output : undefined
  } catch (error) {
    if (error instanceof ResourceNotFoundError) return undefined
    throw error
  }
}

async function entriesOf(setting: Setting): Promise<readonly Entry[]> {
  try {
    const value: unknown = await setting.get()
    return Array.isArray(value) ? (value as Entry[]) : []
  } catch (error) {
    if (error instanceof ResourceNotFoundError) return []
    throw error
  }
}

function settingName(wrapped: Wrapped): string {
  const { flow_id: flow, connector_id: connector, wrapper_id: wrapper } = wrapped
  const { script, connector_type: type } = wrapped
  if (flow !== undefined) return `cache/flow/${flow}`
  if (connector !== undefined) return `cache/connector/${connector}`
  if (wrapper !== undefined) return `cache/wrapper/${wrapper}`
  if (script !== undefined) return `cache/script/${digestOf(script)}`
  return `cache/${wrapped.type}/${wrapped.flow_name ?? wrapped.connector_name ?? wrapped.wrapper_name ?? type}`
}

/** 128 bits of the value, whatever the order of its keys. */
function digestOf(value: unknown): string {
  const text = JSON.stringify(sorted(value))
  const lanes = [0x9e3779b1, 0x85ebca6b, 0xc2b2ae35, 0x27d4eb2f].map((factor, lane) => {
    let hash = lane + text.length
    for (let at = 0; at < text.length; at += 1) {
      hash = Math.imul(hash ^ text.charCodeAt(at), factor)
      hash ^= hash >>> (13 + lane)
    }
    return (hash >>> 0).toString(16).padStart(8, '0')
  })
  return lanes.join('')
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted)
  if (typeof value !== 'object' || value === null) return value
  const entries = Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1))
  return Object.fromEntries(entries.map(([key, one]) => [key, sorted(one)]))
}

/** Ends as the wrapped execution has. */
function passOn(self: Execution, child: ChildExecution): never {
  self.save({ output_value: child.output })
  const message = child.message ?? undefined
  if (child.status === 'ENDED_SUCCESS') return self.success(message)
  return child.status === 'ENDED_CANCELLED' ? self.cancel(message) : self.error(message)
}
