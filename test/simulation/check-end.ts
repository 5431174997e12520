import type { Plan } from './plan.ts'
import {
  checkOutcome,
  checkSections,
  expectOutcome,
  nodesOf,
  type Section,
  sectionsOf,
  type Seen,
} from './program/index.ts'
import type { SeenEffect } from './world/effects.ts'
import type { SimPostgres } from './world/postgres.ts'

/** What a client saw of one of its starts. */
export interface StartSeen {
  readonly ids: string[]
  readonly refusals: string[]
}

interface Row {
  readonly id: string
  readonly top: string
  readonly status: string
  readonly message: string | null
  readonly output: string | null
  readonly body: string | null
  readonly created_at: number
  readonly ended_at: number
}

/** The invariants that are judged when everything has come to rest. */
export function checkEnd(input: {
  readonly plan: Plan
  readonly postgres: SimPostgres
  readonly seen: readonly StartSeen[]
  readonly effects: readonly SeenEffect[]
}): string[] {
  const { plan, postgres, seen } = input
  const wrong: string[] = []
  const rows = postgres.run<Row>({
    name: 'sim.executions',
    text: `SELECT e.id, e.top_execution_id AS top, e.status, e.message, e.output, p.body, e.created_at, e.ended_at
           FROM execution e LEFT JOIN payload p ON p.workspace_id = e.workspace_id AND p.hash = e.output_hash
           ORDER BY e.id`,
  })
  const byId = new Map(rows.map((row) => [row.id, row]))
  const sections: Section[] = []
  const tops = rows.filter((row) => row.top === row.id)
  if (tops.length > plan.starts.length)
    wrong.push(`I15: ${plan.starts.length} starts made ${tops.length} executions`)

  for (const [n, start] of plan.starts.entries()) {
    const one = seen[n]
    const [id] = one?.ids ?? []
    if (one === undefined || id === undefined) {
      wrong.push(`I15: start ${n} was never accepted: ${one?.refusals.join('; ') ?? ''}`)
      continue
    }
    const row = byId.get(id)
    if (row === undefined) {
      wrong.push(`I1: ${id} was accepted and is not there`)
      continue
    }
    const output = jsonOf(row.body ?? row.output)
    const wasSteered = plan.steers.some((steer) => steer.start === n && steer.action === 'cancel')
    const mayFail =
      plan.effects.refuse > 0 ||
      plan.effects.loseAnswer > 0 ||
      plan.faults.length > 0 ||
      plan.lostAnswers > 0
    const wasReverted = plan.steers.some((steer) => steer.start === n && steer.action === 'revert')
    const mayRepeat =
      wasReverted || [...nodesOf(start.program.body)].some((node) => node.kind === 'back')
    const once = (paths: string[]): string[] => (mayRepeat ? [...new Set(paths)] : paths)
    const result: Seen = {
      status: row.status,
      output,
      message: row.message,
      tookMs: row.ended_at - row.created_at,
      effects: once(effectsOf(input.effects, `r${n}`)),
      logs: once(logsOf(postgres, id)),
    }
    const expected = expectOutcome(start.program, {
      cancelled: wasSteered ? 'maybe' : 'no',
      reverted: wasReverted ? 'maybe' : 'no',
      overrun: start.maxRuntimeSeconds === null ? 'no' : 'maybe',
      effects: mayFail ? 'may-fail' : 'sure',
    })
    wrong.push(
      ...checkOutcome(expected, result).map(
        (what) => `${what.startsWith('effect ') ? 'I9' : 'I7'}: start ${n} (${id}): ${what}`,
      ),
    )
  }
  for (const row of rows) sections.push(...sectionsOf(jsonOf(row.body ?? row.output)))
  wrong.push(...checkSections(sections).map((what) => `I3: ${what}`))
  for (const { name, text } of AT_REST)
    wrong.push(...postgres.run<{ what: string }>({ name, text }).map(({ what }) => what))
  return wrong
}

type JsonOutput = Seen['output']
const jsonOf = (text: string | null): JsonOutput =>
  text === null ? null : (JSON.parse(text) as JsonOutput)

/** Distinct effects of one start: a third party that honours keys does each key once. */
function effectsOf(effects: readonly SeenEffect[], run: string): string[] {
  return effects
    .filter((effect) => effect.isFirst)
    .map((effect) => (JSON.parse(effect.name) as { effect: string }).effect)
    .filter((name) => name.startsWith(`${run}/`))
    .map((name) => name.slice(run.length))
}

function logsOf(postgres: SimPostgres, topId: string): string[] {
  const rows = postgres.run<{ lines: string }>(
    {
      name: 'sim.logs',
      text: `SELECT l.lines FROM log l JOIN execution e ON e.workspace_id = l.workspace_id AND e.id = l.execution_id
           WHERE e.top_execution_id = $1 ORDER BY l.execution_id, l.first_seq`,
    },
    [topId],
  )
  return rows.flatMap(({ lines }) =>
    (JSON.parse(lines) as { values: unknown[] }[]).map(({ values }) =>
      String(values[0]).replace(/^r\d+/, ''),
    ),
  )
}

/** Each row of an answer is a breach. */
const AT_REST = [
  {
    name: 'sim.inherited',
    text: `SELECT format('I4: life %s of %s does not begin with what it inherits', s.generation, s.execution_id) AS what
           FROM savepoint s JOIN revert r ON r.workspace_id = s.workspace_id AND r.execution_id = s.execution_id AND r.generation = s.generation
           JOIN savepoint f ON f.workspace_id = s.workspace_id AND f.execution_id = s.execution_id
             AND f.generation = r.from_generation AND f.first_seq = s.first_seq
           WHERE s.last_seq <= r.seq AND (s.entries->0->>'digest' <> f.entries->0->>'digest' OR s.last_seq > f.last_seq)`,
  },
  {
    name: 'sim.lives',
    text: `SELECT format('I8: %s is of generation %s after %s reverts', e.id, e.generation, count(r.generation)) AS what
           FROM execution e LEFT JOIN revert r ON r.workspace_id = e.workspace_id AND r.execution_id = e.id
           GROUP BY e.id, e.generation HAVING e.generation <> count(r.generation) + 1`,
  },
  {
    name: 'sim.overrun',
    text: `SELECT format('I18: %s ended at its maximum runtime after %s', e.id, e.ended_at - e.started_at) AS what
           FROM execution e WHERE e.message LIKE '%max_runtime_seconds%'
             AND e.ended_at - e.started_at < (e.extra ->> 'max_runtime_seconds')::integer * interval '1 second'`,
  },
  {
    name: 'sim.outlived',
    text: `WITH RECURSIVE below AS (
             SELECT e.id AS top, e.ended_at AS over_at, c.id, c.ended_at, c.status, c.orphan
             FROM execution e JOIN execution c ON c.parent_execution_id = e.id
             WHERE e.message LIKE '%max_runtime_seconds%'
             UNION ALL
             SELECT b.top, b.over_at, c.id, c.ended_at, c.status, c.orphan
             FROM below b JOIN execution c ON c.parent_execution_id = b.id WHERE NOT b.orphan)
           SELECT format('I18: %s went on to %s for %s below %s', id, status, ended_at - over_at, top) AS what
           FROM below WHERE NOT orphan AND status <> 'ENDED_CANCELLED' AND ended_at > over_at + interval '40 seconds'`,
  },
  {
    name: 'sim.unlimited',
    text: `SELECT format('I18: the limit of %s is still looked after', execution_id) AS what FROM runtime_limit
           WHERE check_at < clock() - interval '1 minute'`,
  },
  {
    name: 'sim.holes',
    text: `SELECT format('I4: %s has %s answers, the last is %s, the row says %s', e.id, a.count, a.last, e.answered) AS what
           FROM execution e LEFT JOIN (SELECT workspace_id, execution_id, generation, count(*), max(position) AS last
             FROM answer GROUP BY 1, 2, 3) a
           ON a.workspace_id = e.workspace_id AND a.execution_id = e.id AND a.generation = e.generation
           WHERE coalesce(a.count, 0) <> coalesce(a.last, 0) OR coalesce(a.last, 0) <> e.answered`,
  },
  {
    name: 'sim.overlaps',
    text: `SELECT format('I4: savepoints %s and %s of %s overlap', a.first_seq, b.first_seq, a.execution_id) AS what
           FROM savepoint a JOIN savepoint b ON b.workspace_id = a.workspace_id AND b.execution_id = a.execution_id
             AND b.generation = a.generation AND b.first_seq > a.first_seq AND b.first_seq <= a.last_seq`,
  },
  {
    name: 'sim.early',
    text: `SELECT format('I6: timer %s of %s was answered %s before its time', o.seq, o.execution_id, o.due_at - o.over_at) AS what
           FROM sim_wait_over o JOIN answer a ON a.execution_id = o.execution_id AND a.generation = o.generation AND a.seq = o.seq
           WHERE o.kind = 'TIMER' AND o.over_at < o.due_at`,
  },
  {
    name: 'sim.waits',
    text: `SELECT format('I6: wait %s %s of %s outlived it', w.kind, w.seq, w.execution_id) AS what
           FROM wait w JOIN execution e ON e.workspace_id = w.workspace_id AND e.id = w.execution_id
           WHERE e.ended_at IS NOT NULL AND e.ended_at < clock() - interval '1 minute'`,
  },
  {
    name: 'sim.tickets',
    text: `SELECT format('I5: %s granted ticket %s after %s', key, ticket, before) AS what FROM (
             SELECT key, ticket, lag(ticket) OVER (PARTITION BY key ORDER BY at) AS before
             FROM sim_ticket WHERE ticket IS NOT NULL) t WHERE before > ticket`,
  },
  {
    name: 'sim.silent',
    text: `SELECT format('I16: %s ended %s: %s', id, status, message) AS what FROM execution
           WHERE status = 'LOST' OR message ~* 'internal|LOST' OR message ILIKE '%diverged%'`,
  },
  {
    name: 'sim.attempts',
    text: `SELECT format('I9: %s has %s attempts', execution_id, count(*)) AS what
           FROM connection_attempt GROUP BY workspace_id, execution_id HAVING count(*) > 12`,
  },
] as const
