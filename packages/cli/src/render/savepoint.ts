import type { Revert, Savepoint, Stand } from '@millrace/client'
import { renderLog } from './event.ts'
import { renderFields, renderTable } from './table.ts'
import { formatTime } from './time.ts'

export function renderSavepoints(savepoints: readonly Savepoint[]): string {
  if (savepoints.length === 0) return 'no savepoints'
  return renderTable(
    ['SEQ', 'ID', 'LINE', 'COMMAND', 'NAME', 'STATE', 'AT'],
    savepoints.map((point) => [
      point.seq,
      point.id,
      point.lineno,
      point.command,
      point.name,
      point.state,
      formatTime(point.created_at),
    ]),
  )
}

export function renderReverts(reverts: readonly Revert[]): string {
  if (reverts.length === 0) return 'never reverted'
  return renderTable(
    ['GENERATION', 'BACK TO', 'NAME', 'BY', 'AT'],
    reverts.map((revert) => [
      revert.generation,
      revert.savepoint_id,
      revert.name,
      revert.created_by ?? 'its own code',
      formatTime(revert.created_at),
    ]),
  )
}

/** How an execution stood at a savepoint. */
export function renderStand(stand: Stand): string {
  const waits = stand.waits.map(
    ({ seq, command, name, lineno }) =>
      `  ${seq}  ${command} ${name}${lineno === null ? '' : ` (line ${lineno})`}`,
  )
  const fields = renderFields({
    savepoint: stand.id,
    call: stand.command === null ? 'the beginning' : `${stand.command} ${stand.name ?? ''}`.trim(),
    state: stand.state,
    line: stand.lineno,
    at: formatTime(stand.created_at),
    input: JSON.stringify(stand.input_value),
    locks: stand.locks.join(', '),
  })
  return [
    fields,
    ...(waits.length === 0 ? [] : ['waits for', ...waits]),
    ...(stand.logs.length === 0
      ? []
      : ['log', ...stand.logs.map((line) => `  ${renderLog(line)}`)]),
  ].join('\n')
}
