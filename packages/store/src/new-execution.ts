import type { StartGate } from '@millrace/lock'
import { payloadOf, type Payload } from './payloads.ts'
import { pgTextOrNull } from './pg-text.ts'

/** An execution to be born. Its status follows from `paused` and `scheduledFor`. */
export interface NewExecution {
  readonly workspaceId: string
  readonly id: string
  readonly type: 'FLOW' | 'SCRIPT' | 'CONNECTION' | 'SCHEDULE' | 'WRAPPER'
  readonly name: string | null
  readonly flowId: string | null
  readonly connectorId: string | null
  readonly connectorType: string | null
  /** sha256 in hex of the pinned script; null for connections. */
  readonly scriptHash: string | null
  readonly projectId: string | null
  /** JSON text. */
  readonly input: string
  readonly parentId: string | null
  readonly topId: string
  readonly orphan: boolean
  readonly isProductive: boolean
  readonly priority: number
  readonly createdBy: string | null
  readonly traceparent: string | null
  /** ms since 1970; null starts it now. */
  readonly scheduledFor: number | null
  /** Created only: PAUSED until resumed. */
  readonly paused: boolean
  /** JSON text of rarely set properties. */
  readonly extra: string | null
  /**
   * What it has to get before it starts, in this order: the limits of its flow. Null: nothing. Left
   * out, the flow is asked, as is its maximum runtime; who has it at hand spares that.
   */
  readonly gates?: readonly StartGate[] | null | undefined
}

/** What it is born as, beneath a pause or not. */
export function firstStatus({
  scheduledFor,
  gates,
}: Pick<NewExecution, 'scheduledFor' | 'gates'>): 'SCHEDULED' | 'WAITING_LOCK' | 'WAITING_ENGINE' {
  if (scheduledFor !== null) return 'SCHEDULED'
  return (gates?.length ?? 0) === 0 ? 'WAITING_ENGINE' : 'WAITING_LOCK'
}

/** The columns of a new execution, its JSON texts and, when its input is large, the payload to store first. */
export function newExecutionRow(item: NewExecution): {
  readonly columns: Readonly<Record<string, unknown>>
  readonly input: string | null
  readonly payload: Payload | null
} {
  const payload = payloadOf(item.workspaceId, item.input)
  const ready = firstStatus(item)
  return {
    payload,
    input: payload === null ? item.input : null,
    columns: {
      workspace_id: item.workspaceId,
      id: item.id,
      type: item.type,
      status: item.paused ? 'PAUSED' : ready,
      beneath: item.paused ? ready : null,
      flow_id: item.flowId,
      connector_id: item.connectorId,
      connector_type: item.connectorType,
      script_hash: item.scriptHash,
      project_id: item.projectId,
      parent_id: item.parentId,
      top_id: item.topId,
      orphan: item.orphan,
      is_productive: item.isProductive,
      priority: item.priority,
      created_by: item.createdBy,
      traceparent: item.traceparent,
      name: pgTextOrNull(item.name),
      scheduled_for: item.scheduledFor,
      input_hash: payload?.hash ?? null,
    },
  }
}
