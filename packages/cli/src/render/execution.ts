import type { Execution } from '@millrace/client'
import { renderFields, renderTable } from './table.ts'
import { formatDuration, formatTime } from './time.ts'

export function renderExecutionList(executions: readonly Execution[], now: number): string {
  if (executions.length === 0) return 'no executions'
  return renderTable(
    ['ID', 'STATUS', 'TYPE', 'NAME', 'CREATED', 'TOOK', 'MESSAGE'],
    executions.map((execution) => [
      execution.id,
      execution.status,
      execution.type,
      nameOf(execution),
      formatTime(execution.created_at),
      tookOf(execution, now),
      firstLine(execution.message, 60),
    ]),
  )
}

export function renderExecution(execution: Execution, now: number): string {
  return renderFields({
    id: execution.id,
    status: execution.status,
    message: execution.message,
    type: execution.type,
    name: nameOf(execution),
    why: execution.why?.reason ?? null,
    line:
      execution.lineno === null || execution.lineno === undefined
        ? null
        : `${execution.lineno} (${execution.last_command ?? ''})`,
    created: formatTime(execution.created_at),
    started: formatTime(execution.started_at),
    ended: formatTime(execution.ended_at),
    took: tookOf(execution, now),
    parent: execution.parent_execution_id,
    input: compact(execution.input_value),
    output: compact(execution.output_value),
  })
}

/** The flow's or connector's name, or what else it may be known by. */
export function nameOf(
  execution: Pick<Execution, 'name' | 'flow_name' | 'connector_name' | 'connector_type'>,
): string {
  return (
    execution.name ??
    execution.flow_name ??
    execution.connector_name ??
    execution.connector_type ??
    ''
  )
}

function tookOf(execution: Execution, now: number): string {
  if (!execution.started_at) return ''
  const until = execution.ended_at ? Date.parse(execution.ended_at) : now
  return formatDuration(until - Date.parse(execution.started_at))
}

function firstLine(text: string | null, most: number): string {
  const line = (text ?? '').split('\n', 1)[0] ?? ''
  return line.length <= most ? line : `${line.slice(0, most - 1)}…`
}

function compact(value: unknown): string | null {
  return value === null || value === undefined ? null : JSON.stringify(value)
}
