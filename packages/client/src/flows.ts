import type { Json } from './json.ts'
import { as, byQuery, createRecords, type By, type Records } from './records.ts'
import type { Flow, NewFlow } from './record-types.ts'
import type { Transport } from './transport.ts'

export interface Flows extends Records<Flow, NewFlow> {
  /** Who has a place in a limited flow, and who waits for one. */
  limits(key: string, options?: By): Promise<FlowLimits>
}

export interface FlowLimits {
  readonly flow_id: string
  /** Only limits that somebody holds a place of or waits for. */
  readonly items: readonly FlowLimit[]
  readonly truncated: boolean
}

export interface FlowLimit {
  readonly kind: 'concurrency' | 'rate'
  /** The value of its key; null: one for the whole flow. */
  readonly value: Json
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
    /** 1 is next. */
    readonly position: number
    readonly since: string
  }[]
  readonly holder_count: number
  readonly waiter_count: number
}

export function createFlows(transport: Transport): Flows {
  return {
    ...createRecords<Flow, NewFlow>(transport, 'flow'),
    limits: async (key, options) =>
      as<FlowLimits>(
        await transport.send({
          method: 'GET',
          path: `/flow/${encodeURIComponent(key)}/limit`,
          query: byQuery(options),
        }),
      ),
  }
}
