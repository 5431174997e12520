import { printGrid } from './grid.ts'
import type { Status } from './status.ts'
import { STATUSES, isEnded, isParked } from './status.ts'
import type { Cell } from './transitions.ts'
import { TRANSITIONS } from './transitions.ts'
import { ANSWERABLE, WAIT_KINDS, statusOfWait } from './wait.ts'

const MEANINGS: Record<Status, string> = {
  SCHEDULED: 'will start, or wake, at a known time',
  WAITING_DEPENDENCY: 'parked until other executions have ended, or were dealt with',
  WAITING_LOCK: "parked in a lock's queue",
  WAITING_RESPONSE: 'parked until a person answers',
  WAITING_ENGINE: 'ready: any engine may take it; a short activation is committed from here',
  AT_ENGINE: 'held by one process under its lease',
  PAUSED: 'held back by a person or a debugger; what it was lies beneath, answers reach it there',
  LOST: 'the process that held it is gone; tried again up to a limit, then left to a person',
  ENDED_SUCCESS: 'the code has succeeded',
  ENDED_ERROR: 'the code has failed, or was given up',
  ENDED_CANCELLED: 'cancelled, by its code or by a person',
}

/** The page docs/execution-states.md. */
export function printPage(): string {
  const rows = STATUSES.map((status): Cells => [status, MEANINGS[status], waitsOf(status)])
  return [
    '# The states of an execution',
    '',
    'Printed by `packages/execution/tools/write-golden.ts`; a test compares it. Do not edit.',
    '',
    'All work passes through WAITING_ENGINE. Only a process that runs an execution can begin a wait or',
    'an end of its own. Whatever has not ended can be cancelled. Only a revert moves an end.',
    '',
    ...printTable([['status', 'meaning', 'shows the wait'], ...rows]),
    '',
    '```mermaid',
    ...printDiagram(),
    '```',
    '',
    '```',
    printGrid().trimEnd(),
    '```',
    '',
  ].join('\n')
}

function waitsOf(status: Status): string {
  return WAIT_KINDS.filter(
    (kind) => (kind === 'BREAK' ? 'PAUSED' : statusOfWait(kind)) === status,
  ).join(', ')
}

type Cells = readonly [string, string, string]

/** A table as the formatter leaves it; the first row is its head. */
function printTable(rows: readonly [Cells, ...Cells[]]): readonly string[] {
  const [head, ...body] = rows
  const widthOf = (index: 0 | 1 | 2) => Math.max(...rows.map((row) => row[index].length))
  const widths = [widthOf(0), widthOf(1), widthOf(2)] as const
  const print = (cells: Cells) =>
    `| ${cells[0].padEnd(widths[0])} | ${cells[1].padEnd(widths[1])} | ${cells[2].padEnd(widths[2])} |`
  const [a, b, c] = widths
  return [print(head), print(['-'.repeat(a), '-'.repeat(b), '-'.repeat(c)]), ...body.map(print)]
}

/** The table as a mermaid state diagram. Statuses with the same row are drawn as one group. */
function printDiagram(): readonly string[] {
  const labels = new Map<string, string[]>()
  for (const status of STATUSES) {
    const row = Object.entries(TRANSITIONS[status])
    for (const [event, cell] of row) {
      for (const target of targetsOf(cell)) {
        const edge = `${groupOf(status)} --> ${target}`
        const isParking = event in ANSWERABLE && event !== 'debuggerAnswered'
        const label = isParking ? 'answered' : event
        labels.set(edge, [...new Set([...(labels.get(edge) ?? []), label])])
      }
    }
  }
  return [
    'stateDiagram-v2',
    '  [*] --> SCHEDULED',
    '  [*] --> WAITING_ENGINE',
    '  [*] --> PAUSED',
    '  state Parked {',
    ...STATUSES.filter(isParked).map((status) => `    ${status}`),
    '  }',
    '  state Ended {',
    ...STATUSES.filter(isEnded).map((status) => `    ${status}`),
    '  }',
    ...[...labels].map(([edge, events]) => `  ${edge}: ${events.join(', ')}`),
  ]
}

function groupOf(status: Status): string {
  if (isParked(status)) return 'Parked'
  return isEnded(status) ? 'Ended' : status
}

function targetsOf(cell: Cell): readonly string[] {
  switch (cell) {
    case 'byWaits':
    case 'beneath':
      return ['Parked', 'WAITING_ENGINE']
    case 'underPause':
      return ['PAUSED']
    case 'noted':
    case 'noEffect':
    case 'refused':
      return []
    default:
      return [cell]
  }
}
