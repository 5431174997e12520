import { createHash } from 'node:crypto'
import { checkEnd, type StartSeen } from './check-end.ts'
import { type ClientRequest, createClient } from './client.ts'
import { leaveStops } from './debugging.ts'
import { answerMessages, asks } from './people.ts'
import { LOCKS, type Plan } from './plan.ts'
import type { Plant } from './plants.ts'
import { PROGRAM_FLOW, programFlow } from './program/index.ts'
import { createSimDatabases } from './world/database.ts'
import { createSimEffects } from './world/effects.ts'
import { createSimNats } from './world/nats.ts'
import type { SimPostgres } from './world/postgres.ts'
import { returnRealms } from './world/sandbox.ts'
import { createStack, SERVICES, type ServiceName } from './world/stack.ts'
import { World } from './world/world.ts'

export interface HistoryResult {
  /** What was broken, in the words of the invariants; empty: nothing. */
  readonly breaches: readonly string[]
  readonly trace: readonly string[]
  readonly steps: number
  readonly simulatedMs: number
  /** How many of the planned faults hit while something was under way. */
  readonly faultsHit: number
}

const WORKSPACE = '00000000-0000-7000-8000-0000000000aa'
/** The same flow under limits. */
const GATED_FLOW = 'gated-program'
const USER = '00000000-0000-7000-8000-0000000000bb'
/** Simulated time after the last fault by which everything must have ended. */
const QUIET_MS = 120_000
const STEPS_MAX = 60_000

/** Runs one plan from the start of all services to the end of all executions, and judges it. */
export async function runHistory(
  plan: Plan,
  postgres: SimPostgres,
  plant: Pick<Plant, 'statement' | 'after' | 'newKeys'> = {},
): Promise<HistoryResult> {
  const world = new World(plan.seed)
  const planted = withPlant(postgres, plant)
  const databases = createSimDatabases(world, planted)
  const nats = createSimNats(world)
  const effects = createSimEffects(world, plant.newKeys)
  const stack = createStack({
    world,
    databases,
    nats,
    effects,
    slow: { ...plan.slow },
    skews: plan.skews,
  })
  const client = createClient(world, stack, { workspaceId: WORKSPACE, userId: USER })
  const breaches: string[] = []
  const seen: StartSeen[] = plan.starts.map(() => ({ ids: [], refusals: [] }))
  let open = 0
  let faultsHit = 0
  let healsAt = plan.unquietMs
  const die = (error: unknown): void => {
    breaches.push(
      `I16: nobody caught ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`,
    )
  }
  process.on('unhandledRejection', die)
  process.on('uncaughtException', die)
  // What the driver itself throws is nobody's breach: it ends the process, with these taken away.
  using _ = {
    [Symbol.dispose]() {
      process.off('unhandledRejection', die)
      process.off('uncaughtException', die)
    },
  }

  postgres.setClock(world.now)
  postgres.clean()
  seed(postgres, plan.limits)
  for (const service of SERVICES)
    for (let copy = 1; copy <= plan.copies[service]; copy += 1) stack.start(service, copy)
  Object.assign(nats.faults, plan.network)
  Object.assign(effects.faults, plan.effects)
  databases.faults.lostAnswers = plan.lostAnswers

  for (const [n, start] of plan.starts.entries()) {
    open += 1
    void (async () => {
      await world.sleep(start.atMs)
      const { program, waitSeconds, isGated, maxRuntimeSeconds, debugging } = start
      const answer = await client.ask('createExecution', {
        key: `start-${n}`,
        query: waitSeconds === null ? {} : { wait: waitSeconds },
        body: {
          flow_name: isGated ? GATED_FLOW : PROGRAM_FLOW,
          input_value: { program, run: `r${n}`, shard: n % 2 },
          ...(maxRuntimeSeconds !== null && { max_runtime_seconds: maxRuntimeSeconds }),
          ...(debugging !== null && {
            is_productive: false,
            use_breakpoints: true,
            break: debugging.break,
            breakpoints: [...new Set(debugging.breakpoints)],
          }),
        },
      })
      const { id } = JSON.parse(answer.body as string) as { id: string }
      seen[n]?.ids.push(id)
      if (debugging !== null) void leaveStops(world, client, { id, debugging })
      // What was said is kept, whatever becomes of who said it.
      if (plan.diesAfterStart === n) {
        faultsHit += 1
        healsAt = Math.max(healsAt, world.elapsedMs + 500)
        inject('kill', 'gateway', 1, 500)
      }
    })()
      .catch((error: unknown) => seen[n]?.refusals.push((error as Error).message))
      .finally(() => (open -= 1))
  }
  for (const [n, steers] of Map.groupBy(plan.steers, (steer) => steer.start)) {
    open += 1
    void (async () => {
      // One after the other: a pause asked for again after the resume would be for ever.
      for (const { atMs, action, tree, many = false, to = 0 } of steers) {
        await world.sleep(atMs - world.elapsedMs)
        while (seen[n]?.ids.length === 0 && seen[n].refusals.length === 0) await world.sleep(200)
        const [id = ''] = seen[n]?.ids ?? []
        const asked =
          action === 'revert'
            ? back(id, to)
            : Promise.resolve({ params: { id }, body: tree ? { tree } : {} })
        // A cancel of others would be one that nobody has planned.
        const ids = action === 'cancel' ? [id] : seen.flatMap((one) => one.ids)
        await (
          many
            ? client.ask('bulkExecutions', { body: { action, ids } })
            : asked.then((request) => client.ask(`${action}Execution`, request))
        ).catch((error: unknown) => world.note(`- client: refused: ${(error as Error).message}`))
      }
    })().finally(() => (open -= 1))
  }

  if (plan.starts.some(({ program }) => asks(program))) void answerMessages(world, client)

  const faults = [...plan.faults].sort((a, b) => a.atStep - b.atStep)
  const isOver = (): boolean => faults.length === 0 && world.elapsedMs >= healsAt
  let quietSince: number | null = null
  let lookedAt = 0

  while (breaches.length === 0) {
    while (faults[0] !== undefined && faults[0].atStep <= world.steps) {
      const fault = faults.shift()
      if (fault === undefined) break
      if (open > 0 || liveCount(postgres) > 0) faultsHit += 1
      healsAt = Math.max(healsAt, world.elapsedMs + fault.forMs)
      if (fault.kind === 'wipe') nats.wipe(fault.forMs)
      else if (fault.kind === 'restart') nats.restart(fault.forMs)
      else if ('service' in fault) inject(fault.kind, fault.service, fault.copy, fault.forMs)
    }
    if (!(await world.step(world.now + 60_000))) break
    breaches.push(...breachesOf(postgres), ...stack.complaints, ...world.uncaught.map(String))
    if (world.steps > STEPS_MAX) breaches.push('I14: it never comes to rest')
    // Everything has ended: the faults that were left cannot hit anything any more.
    if (world.now === lookedAt) continue
    lookedAt = world.now
    if (open > 0 || liveCount(postgres) > 0) {
      quietSince = null
      if (!isOver() || world.elapsedMs < healsAt + QUIET_MS) {
        if (isOver()) heal()
        continue
      }
      breaches.push(...stuckOf(postgres))
      if (open > 0) breaches.push(`I14: ${open} requests are not answered`)
      break
    }
    quietSince ??= world.now
    // What lies about is given time to be put away, or to be acted upon wrongly; a long one now and
    // then, since it costs more than all the rest.
    const restMs = plan.seed % 16 === 0 ? 20_000 : 300
    if (world.now - quietSince >= restMs) break
  }

  function inject(
    kind: 'kill' | 'freeze',
    service: ServiceName,
    copy: number,
    forMs: number,
  ): void {
    const name = `${service}-${copy}`
    if (kind === 'kill') {
      stack.kill(name)
      world.timer(forMs, `${name} is started again`, () => stack.start(service, copy))
    } else {
      stack.freeze(name)
      world.timer(forMs, `${name} is thawed`, () => stack.thaw(name))
    }
  }

  /** What is asked to take it back so far; the beginning, while it has no history. */
  async function back(id: string, to: number): Promise<ClientRequest> {
    const { body } = await client.ask('listSavepoints', { params: { id }, query: { limit: 1_000 } })
    const { items } = body as { items: readonly { seq: number }[] }
    const seq = Math.floor(to * ((items.at(-1)?.seq ?? 0) + 1))
    return { params: { id }, body: { seq } }
  }

  function heal(): void {
    Object.assign(nats.faults, { drop: 0, delay: 0, duplicate: 0 })
    Object.assign(effects.faults, { refuse: 0, loseAnswer: 0 })
    databases.faults.lostAnswers = 0
  }

  postgres.setClock(world.now)
  if (breaches.length === 0)
    breaches.push(...checkEnd({ plan, postgres, seen, effects: effects.seen }))
  for (const instance of stack.instances) {
    // A breach ends the history wherever it stands: a transaction would reach into the next one.
    databases.cut(instance)
    world.kill(instance)
  }
  returnRealms()
  return {
    breaches,
    trace: world.trace,
    steps: world.steps,
    simulatedMs: world.elapsedMs,
    faultsHit,
  }
}

function seed(postgres: SimPostgres, limits: Plan['limits']): void {
  const hash = createHash('sha256').update(`typescript\0${programFlow}`).digest()
  const run = (text: string, params: unknown[]): void =>
    void postgres.run({ name: '', text }, params)
  run(`INSERT INTO workspace (id, name) VALUES ($1, 'sim')`, [WORKSPACE])
  run(
    `INSERT INTO script (workspace_id, hash, language, source) VALUES ($1, $2, 'typescript', $3)`,
    [WORKSPACE, hash, programFlow],
  )
  const json = (value: object | null): string | null =>
    value === null ? null : JSON.stringify(value)
  for (const [id, name, concurrency, rate] of [
    ['00000000-0000-7000-8000-0000000000cc', PROGRAM_FLOW, null, null],
    ['00000000-0000-7000-8000-0000000000ce', GATED_FLOW, limits.concurrency, limits.rate],
  ] as const)
    run(
      `INSERT INTO flow (workspace_id, id, name, script_hash, concurrency, rate_limit)
       VALUES ($1, $2, $3, $4, $5::text::json, $6::text::json)`,
      [WORKSPACE, id, name, hash, json(concurrency), json(rate)],
    )
  for (const [n, name] of [...LOCKS, ...LOCKS.map((lock) => `ring-${lock}`)].entries())
    run(`INSERT INTO setting (workspace_id, id, name) VALUES ($1, $2, $3)`, [
      WORKSPACE,
      `00000000-0000-7000-8000-0000000000d${n}`,
      name,
    ])
}

const liveCount = (postgres: SimPostgres): number =>
  postgres.run<{ count: number }>({
    name: 'sim.live',
    text: 'SELECT count(*)::integer AS count FROM execution WHERE ended_at IS NULL',
  })[0]?.count ?? 0

function breachesOf(postgres: SimPostgres): string[] {
  return postgres
    .run<{ what: string }>({
      name: 'sim.breaches',
      text: 'SELECT what FROM sim_breach ORDER BY id',
    })
    .map(({ what }) => what)
}

const stuckOf = (postgres: SimPostgres): string[] =>
  postgres
    .run<{ id: string; status: string; waits: string | null; message: string | null }>({
      name: 'sim.stuck',
      text: `SELECT e.id, e.status, e.message, (SELECT string_agg(w.kind || ' ' || w.seq, ', ') FROM wait w
             WHERE w.workspace_id = e.workspace_id AND w.execution_id = e.id) AS waits
             FROM execution e WHERE ended_at IS NULL ORDER BY e.id`,
    })
    .map(
      (row) =>
        `I14: ${row.id} is still ${row.status}, waits: ${row.waits ?? 'none'}, ${row.message ?? ''}`,
    )

function withPlant(
  postgres: SimPostgres,
  { statement: change, after }: Pick<Plant, 'statement' | 'after'>,
): SimPostgres {
  if (change === undefined && after === undefined) return postgres
  return {
    ...postgres,
    run<Row>(statement: { name: string; text: string }, params?: readonly unknown[]): Row[] {
      const text = change?.(statement.name, statement.text) ?? statement.text
      // A changed text is prepared under a name of its own.
      const isSame = text === statement.text || statement.name === ''
      const name = isSame ? statement.name : `planted.${hashOf(text)}`
      const rows = postgres.run<Row>({ name, text }, params)
      after?.(statement.name, postgres)
      return rows
    },
  }
}

const hashOf = (text: string): string =>
  createHash('sha256').update(text).digest('hex').slice(0, 16)
