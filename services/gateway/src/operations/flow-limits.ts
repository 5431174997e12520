import { parseGateKey } from '@millrace/lock'
import { inspectLock, listGateKeys, type LockView } from '@millrace/store'
import type { Caller, Context } from '../context.ts'
import { time, timeOrNull } from './page-request.ts'
import { find, type RecordAddress } from './records.ts'

const GATES_MAX = 100
const SHOWN_MAX = 100

/** What limits the runs of a flow: who has a place and who waits for one, by the value of its key. */
export async function inspectFlowLimits(
  context: Context,
  caller: Caller,
  address: Omit<RecordAddress, 'type'>,
): Promise<FlowLimitsView> {
  const { workspaceId } = caller
  const { id: flowId } = await find(context, caller, { ...address, type: 'flow' })
  const keys = await listGateKeys(context.api, { workspaceId, flowId, limit: GATES_MAX })
  const items: FlowLimitView[] = []
  for (const key of keys)
    items.push(toView(await inspectLock(context.api, { workspaceId, key }), key))
  return { flow_id: flowId, items, truncated: keys.length === GATES_MAX }
}

export interface FlowLimitsView {
  readonly flow_id: string
  /** Only limits that somebody holds a place of or waits for. */
  readonly items: readonly FlowLimitView[]
  readonly truncated: boolean
}

export interface FlowLimitView {
  readonly kind: 'concurrency' | 'rate'
  /** The value of its key; null: one for the whole flow. */
  readonly value: unknown
  readonly limit: number
  readonly holders: readonly {
    readonly execution_id: string
    readonly name: string | null
    readonly status: string | null
    readonly since: string
    /** When its place is free by itself; null: when it ends. */
    readonly until: string | null
  }[]
  readonly waiters: readonly {
    readonly execution_id: string
    readonly name: string | null
    readonly position: number
    readonly since: string
  }[]
  readonly holder_count: number
  readonly waiter_count: number
}

function toView({ capacity, holders, waiters }: LockView, key: string): FlowLimitView {
  const gate = parseGateKey(key)
  return {
    kind: gate?.kind ?? 'concurrency',
    value: gate === null || gate.value === null ? null : valueOf(gate.value),
    limit: capacity,
    holders: holders.slice(0, SHOWN_MAX).map((one) => ({
      execution_id: one.executionId,
      name: one.name,
      status: one.status,
      since: time(one.since),
      until: timeOrNull(one.until),
    })),
    waiters: waiters.slice(0, SHOWN_MAX).map((one) => ({
      execution_id: one.executionId,
      name: one.name,
      position: one.position,
      since: time(one.since),
    })),
    holder_count: holders.length,
    waiter_count: waiters.length,
  }
}

/** A long value is known by its beginning and a hash. */
function valueOf(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}
