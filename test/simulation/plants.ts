import type { Plan } from './plan.ts'
import type { SimPostgres } from './world/postgres.ts'

/** A bug that somebody might make; a checker counts once it has been seen to find it. */
export interface Plant {
  readonly name: string
  /** The breaches that count as found. */
  readonly finds: RegExp
  /** Changes the text of a statement before it runs. */
  readonly statement?: (name: string, text: string) => string
  /** Happens after a statement was applied. */
  readonly after?: (name: string, postgres: SimPostgres) => void
  /** The third party gets a new key at every attempt. */
  readonly newKeys?: true
  /** The first seed that found it when it was planted; others are tried after it. */
  readonly firstSeed?: number
  /** Makes it likelier that the bug matters. */
  readonly plan?: (plan: Plan) => Plan
}

const inStatement =
  (name: string, find: string | RegExp, put: string): NonNullable<Plant['statement']> =>
  (statement, text) => {
    if (statement !== name) return text
    const changed = text.replaceAll(find instanceof RegExp ? new RegExp(find, 'g') : find, put)
    // A plant that no longer takes root would look like a checker that finds nothing.
    if (changed === text) throw new Error(`${name} has no ${String(find)} any more`)
    return changed
  }

const both =
  (...changes: NonNullable<Plant['statement']>[]): NonNullable<Plant['statement']> =>
  (name, text) =>
    changes.reduce((changed, change) => change(name, changed), text)

const GUARD = ' AND e.version = d.version'
const dropping = (plan: Plan): Plan => ({
  ...plan,
  network: { drop: 1, delay: 0, duplicate: 0, delayMaxMs: 0 },
})
export const PLANTS: readonly Plant[] = [
  {
    name: 'an accepted execution is not kept',
    finds: /^I(?:1|14|15):/,
    after: (name, postgres) => {
      if (name === 'executions.createExecutions')
        postgres.run({ name: '', text: 'DELETE FROM execution WHERE parent_execution_id IS NULL' })
    },
  },
  {
    name: 'commits are not guarded by the version',
    firstSeed: 4,
    finds: /^I[23478]:/,
    statement: both(
      inStatement('executions.endActivations', GUARD, ''),
      inStatement('executions.commitActivations', GUARD, ''),
    ),
    plan: (plan) => ({
      ...plan,
      copies: { ...plan.copies, engine: 2 },
      slow: { chance: 0.5, maxMs: 200 },
      network: { drop: 0, delay: 0.5, duplicate: 0.9, delayMaxMs: 200 },
    }),
  },
  {
    name: 'an answer does not take its wait away',
    firstSeed: 3,
    finds: /^I[248]:/,
    statement: inStatement(
      'answers.answerWaits',
      /DELETE FROM wait w USING input d\s+WHERE/,
      'UPDATE wait w SET seq = w.seq FROM input d WHERE',
    ),
  },
  {
    name: 'answers leave holes',
    finds: /^I[47]:|^I14:/,
    statement: inStatement(
      'answers.answerWaits',
      'e.answered + cardinality',
      'e.answered + 1 + cardinality',
    ),
  },
  {
    name: 'a lock is given to two',
    finds: /^I3:/,
    statement: inStatement('locks.readHolders', 'ORDER BY h.token', 'WHERE false ORDER BY h.token'),
    plan: locking,
  },
  {
    name: 'fencing tokens do not rise',
    finds: /^I3:/,
    statement: inStatement(
      'locks.lockLocks',
      'l.last_ticket, l.last_token\n',
      'l.last_ticket, 0 AS last_token\n',
    ),
    plan: locking,
  },
  {
    name: 'the queue of a lock is last in, first out',
    finds: /^I5:/,
    statement: inStatement(
      'locks.readRequests',
      'ORDER BY r.ticket NULLS LAST',
      'ORDER BY r.ticket DESC NULLS LAST',
    ),
    plan: locking,
  },
  {
    name: 'timers are early',
    firstSeed: 7,
    finds: /^I6:/,
    statement: inStatement(
      'timers.takeDue',
      '<= (SELECT clock())',
      `<= (SELECT clock() + interval '100 ms')`,
    ),
  },
  {
    name: 'what has ended is written to',
    firstSeed: 3,
    finds: /^I8:/,
    after: (name, postgres) => {
      if (name.startsWith('leases.'))
        postgres.run({
          name: '',
          text: `UPDATE execution SET message = 'changed' WHERE ended_at IS NOT NULL`,
        })
    },
  },
  {
    name: 'nobody sweeps, and every nudge is lost',
    firstSeed: 6,
    finds: /^I14:/,
    statement: both(
      inStatement(
        'sweep.sweepExecutions',
        /SELECT 'ready' AS find, m\.\* FROM mine m\s+WHERE/,
        `SELECT 'ready' AS find, m.* FROM mine m WHERE false AND`,
      ),
    ),
    plan: dropping,
  },
  {
    name: 'a request with a key is made again',
    firstSeed: 7,
    finds: /^I15:/,
    statement: both(
      inStatement(
        'idempotency.claimKey',
        /\nWHERE k\.created_at < clock\(\) - interval '24 hours'/,
        '\nWHERE true',
      ),
      inStatement(
        'idempotency.claimKey',
        "WHEN k.created_at < clock() - interval '24 hours' THEN clock()",
        'WHEN true THEN clock()',
      ),
    ),
    plan: (plan) => ({ ...plan, lostAnswers: 0.1 }),
  },
  {
    name: 'an execution is given up in silence',
    firstSeed: 3,
    finds: /^I1[46]:/,
    after: (name, postgres) => {
      if (name === 'executions.endActivations') postgres.run(GIVE_UP)
    },
  },
  {
    name: 'the end has another output',
    finds: /^I7:/,
    statement: inStatement(
      'executions.endActivations',
      'THEN d.output::json ELSE',
      `THEN '"wrong"'::json ELSE`,
    ),
  },
  {
    name: 'history is written after the end',
    finds: /^I2:/,
    after: (name, postgres) => {
      if (name.startsWith('leases.')) postgres.run(WRITE_LATE)
    },
  },
  {
    name: 'a life begins without the last answer that it inherits',
    finds: /^I(?:4|7|14|16):/,
    statement: inStatement('reverts.inheritHistory', 'a.position <= $7', 'a.position < $7'),
    plan: goingBack,
  },
  {
    name: 'an effect is repeated under a new key',
    finds: /^I9:/,
    newKeys: true,
    plan: (plan) => ({
      ...plan,
      unquietMs: 6_000,
      effects: { refuse: 0, loseAnswer: 0.8, delayMaxMs: 10 },
    }),
  },
  {
    name: 'a run starts without its place',
    finds: /^I17:/,
    statement: inStatement(
      'locks.saveLocks',
      'ON CONFLICT (workspace_id, key, execution_id) DO UPDATE',
      "WHERE d.key NOT LIKE 'concurrency:%' ON CONFLICT (workspace_id, key, execution_id) DO UPDATE",
    ),
    plan: limited,
  },
  {
    name: 'an ended run of a limited flow is taken back',
    finds: /^I17:/,
    statement: inStatement('reverts.hasGate', "LIKE 'concurrency:%'", "LIKE 'nothing:%'"),
    plan: takenBackAfterItsEnd,
  },
  {
    name: 'a stop is left without a move',
    finds: /^I3:/,
    statement: inStatement('debug.releaseStop', 'version = e.version + 1', 'version = e.version'),
    plan: stopped,
  },
  {
    name: 'a turn in a rate is over with its run',
    finds: /^I17:/,
    statement: inStatement(
      'locks.readHolders',
      'THEN h.expires_at <= clock()',
      'THEN e.ended_at IS NOT NULL',
    ),
    plan: limited,
  },
]

const GIVE_UP = {
  name: '',
  text: `UPDATE execution SET version = version + 1, status = 'LOST' WHERE ended_at IS NULL`,
}

const WRITE_LATE = {
  name: '',
  text: `INSERT INTO savepoint (workspace_id, execution_id, generation, first_seq, last_seq, entries)
         SELECT workspace_id, id, generation, 1000, 1000, '[]' FROM execution WHERE ended_at IS NOT NULL
         ON CONFLICT DO NOTHING`,
}

/** Several runs of a flow of which one may go on at a time, and one may start in a second. */
function limited(plan: Plan): Plan {
  const [first] = plan.starts
  if (first === undefined) return plan
  const program = { body: [{ kind: 'sleep', id: 1, ms: 50 }] } as const
  const one = { ...first, program, isGated: true, maxRuntimeSeconds: null, debugging: null }
  const starts = Array.from({ length: 4 }, (_, n) => ({ ...one, atMs: n * 20 }))
  const limits = { concurrency: { limit: 1 }, rate: { limit: 1, per_seconds: 1 } }
  return { ...plan, starts, limits, steers: [] }
}

/** One that sleeps, and goes back to after that. */
function goingBack(plan: Plan): Plan {
  const [first] = plan.starts
  if (first === undefined) return plan
  const program = {
    body: [
      { kind: 'sleep', id: 1, ms: 10 },
      { kind: 'back', id: 2, times: 1, body: [{ kind: 'sleep', id: 3, ms: 10 }] },
    ],
  } as const
  return { ...plan, starts: [{ ...first, program, debugging: null }], steers: [] }
}

/** A run of a limited flow that has ended is taken back while others wait for its place. */
function takenBackAfterItsEnd(plan: Plan): Plan {
  const many = limited(plan)
  const back = { atMs: 600, start: 0, action: 'revert', tree: false, to: 0.9 } as const
  return { ...many, limits: { ...many.limits, rate: null }, steers: [back], faults: [] }
}

/** One that is stopped before its first line. */
function stopped(plan: Plan): Plan {
  const [first] = plan.starts
  if (first === undefined) return plan
  const program = { body: [{ kind: 'sleep', id: 1, ms: 10 }] } as const
  const debugging = { break: true, breakpoints: [], stops: 2, endsProductive: false }
  return { ...plan, starts: [{ ...first, program, debugging }], steers: [] }
}

/** Everybody wants the same lock at once. */
function locking(plan: Plan): Plan {
  const [first] = plan.starts
  if (first === undefined) return plan
  const program = {
    body: [
      {
        kind: 'lock',
        id: 1,
        lock: 'lock-a',
        timeoutMs: null,
        ring: false,
        body: [{ kind: 'sleep', id: 2, ms: 50 }],
      },
    ],
  } as const
  const starts = Array.from({ length: 4 }, (_, n) => ({
    ...{ ...first, atMs: n * 20, program },
    debugging: null,
  }))
  return { ...plan, starts, steers: [] }
}
