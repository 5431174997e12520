import { startGates } from '@millrace/lock'
import { formatTraceparent, newId } from '@millrace/runtime'
import type {
  ExecutionFacts,
  MessageRow,
  NewExecution,
  PinnedSchemas,
  ResolvedFlow,
} from '@millrace/store'

/** A flow to be started because a message is not answered. */
export interface Notice {
  readonly step: 'remind' | 'escalate'
  /** Name or id. */
  readonly flow: string
  readonly input: Readonly<Record<string, unknown>>
  readonly row: MessageRow
  readonly assignees?: readonly string[]
  /** How many reminders there were, this one included. */
  readonly reminders?: number
}

/**
 * The execution that reminds or escalates. It is an orphan below the one that asks: one can tell where
 * it comes from, and a cancel of that does not cut it off in the middle. `asking`: null when it is not
 * there any more. `schemas`: those of the flow, stored.
 */
export function noticeExecution(
  notice: Notice,
  facts: {
    readonly flow: ResolvedFlow
    readonly asking: ExecutionFacts | null
    readonly schemas: PinnedSchemas | null
  },
): NewExecution {
  const { row } = notice
  const { flow, asking, schemas } = facts
  const input = noticeInput(notice)
  const gates = startGates(flow, input)
  const maxRuntime = flow.max_runtime_seconds
  const extra = { ...schemas, ...(maxRuntime !== null && { max_runtime_seconds: maxRuntime }) }
  const id = newId()
  const traceId = id.replaceAll('-', '')
  return {
    workspaceId: row.workspace_id,
    id,
    type: 'FLOW',
    name: flow.name,
    flowId: flow.id,
    connectorId: null,
    connectorType: null,
    scriptHash: flow.script_hash,
    projectId: flow.project_id ?? asking?.project_id ?? null,
    input: JSON.stringify(input),
    parentId: asking?.id ?? null,
    topId: asking?.top_execution_id ?? id,
    orphan: true,
    isProductive: asking?.is_productive ?? true,
    priority: asking?.priority ?? 0,
    createdBy: asking?.created_by ?? null,
    traceparent: formatTraceparent({ traceId, spanId: traceId.slice(16), sampled: true }),
    scheduledFor: null,
    paused: false,
    extra: Object.keys(extra).length === 0 ? null : JSON.stringify(extra),
    gates,
  }
}

/** What its flow gets: the input that was set for it, and what it is about. */
export const noticeInput = ({
  row,
  step,
  input,
  assignees,
  reminders,
}: Notice): Readonly<Record<string, unknown>> => ({
  ...input,
  message: {
    id: row.id,
    subject: row.title,
    step,
    execution_id: row.execution_id,
    assignees: assignees ?? row.assignees,
    reminders: reminders ?? 0,
    created_at: time(row.created_at),
    due_at: row.due_at === null ? null : time(row.due_at),
  },
})

const time = (ms: number): string => new Date(ms).toISOString()
