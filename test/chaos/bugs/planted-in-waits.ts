import type { PlantedBug } from './planted-bug.ts'
import { queries } from './shared-edits.ts'

/** What goes wrong where people, webhooks, limits and reverts come in: for the checkers of those. */
export const BUGS_IN_WAITS: readonly PlantedBug[] = [
  {
    name: 'second-answer-counts',
    about: 'An answer to a message does not ask whether there is one already.',
    invariants: ['I10'],
    edits: [
      {
        file: queries('messages'),
        find: "WHERE m.workspace_id = $1 AND m.id = $2 AND m.status = 'OPEN'\nRETURNING m.answered_at",
        replace: 'WHERE m.workspace_id = $1 AND m.id = $2\nRETURNING m.answered_at',
      },
    ],
    rows: ['M33'],
  },
  {
    name: 'delivery-forgotten',
    about: 'A delivery that comes again starts again.',
    invariants: ['I10'],
    edits: [
      {
        file: queries('webhook-calls'),
        find: 'WHERE r.remember_until >= clock()\n',
        replace: 'WHERE false\n',
      },
      {
        file: queries('webhook-calls'),
        find: '  WHERE r.remember_until < clock()\nRETURNING',
        replace: '  WHERE true\nRETURNING',
      },
    ],
    rows: ['M32', 'M33'],
  },
  {
    name: 'start-without-a-place',
    about: 'A run of a limited flow is let go on, and its place is not written down.',
    invariants: ['I17'],
    edits: [
      {
        file: queries('locks'),
        find: 'token bigint, depth integer)\nON CONFLICT (workspace_id, key, execution_id) DO UPDATE SET\n  depth',
        replace:
          "token bigint, depth integer)\nWHERE d.key NOT LIKE 'concurrency:%'\nON CONFLICT (workspace_id, key, execution_id) DO UPDATE SET\n  depth",
      },
    ],
    rows: ['M33'],
  },
  {
    name: 'life-without-its-last-answer',
    about: 'A life begins without the last of the answers that it inherits.',
    invariants: ['I4', 'I7', 'I14', 'I16'],
    edits: [
      {
        file: queries('reverts'),
        find: 'a.position <= $7',
        replace: 'a.position < $7',
      },
    ],
    rows: ['M33'],
  },
  {
    name: 'stop-left-twice',
    about: 'Whoever is too late to let a stopped execution go on is told that he did.',
    invariants: ['I4'],
    edits: [
      {
        file: 'services/gateway/src/operations/debug-execution.ts',
        find: '      throw refused(row, stop === null ? NOT_STOPPED',
        replace: '      return\n      throw refused(row, stop === null ? NOT_STOPPED',
      },
    ],
    rows: ['M33'],
  },
  {
    name: 'guard-off',
    about: 'A gateway waits for a Postgres that is silent for as long as it takes.',
    invariants: ['M14'],
    edits: [
      {
        file: 'services/gateway/src/guard-database.ts',
        find: 'const PROBE_WITHIN_MS = 1_400',
        replace: 'const PROBE_WITHIN_MS = 1_400_000',
      },
    ],
    rows: ['M14'],
  },
  {
    name: 'poison-for-ever',
    about: 'What is no batch of work is offered again and again.',
    invariants: ['I14'],
    edits: [
      {
        file: 'packages/bus/src/consume-dispatch.ts',
        find: "      trouble('dispatch', 'not understood', error)\n      answer(message, TERM)",
        replace:
          "      trouble('dispatch', 'not understood', error)\n      answer(message, NAK_LATER)",
      },
    ],
    rows: ['M26'],
  },
  {
    name: 'one-level-too-deep',
    about: 'A body may be one level deeper than is said.',
    invariants: ['M27'],
    edits: [
      {
        file: 'services/gateway/src/http/json-body.ts',
        find: 'export const DEPTH_MAX = 64',
        replace: 'export const DEPTH_MAX = 65',
      },
    ],
    rows: ['M27'],
  },
]
