import { cp, mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { monotonicMs, sleep } from '@millrace/runtime'
import { until } from '../../stack/index.ts'
import { checkAll } from '../check/check-all.ts'
import { timerLateness } from '../check/timers.ts'
import type { Evidence, Op, Violation } from '../evidence.ts'
import { createApi } from '../load/api.ts'
import { startEffectStub } from '../load/effect-stub.ts'
import { FLOWS } from '../load/flows.ts'
import { type Load, startLoad } from '../load/load.ts'
import { RING_LOCKS } from '../load/work.ts'
import { createRng, type Rng, seedOf } from '../rng.ts'
import type { Chaos, ChaosRow } from '../row.ts'
import { openDatabase, type StackDatabase } from './database.ts'
import { type Journal, nowNs, openJournal } from './journal.ts'
import { type ChaosStack, startChaosStack } from './start-chaos-stack.ts'

/** What came of one run of a row. */
export interface RunResult {
  readonly row: string
  readonly seed: number
  readonly violations: readonly Violation[]
  /** Why it does not count although nothing was violated; null when it counts. */
  readonly discounted: string | null
  /** How often each fault was injected, and how often with executions in flight. */
  readonly faults: Readonly<Record<string, { injected: number; hit: number }>>
  readonly takeovers: number
  readonly started: number
  readonly operations: number
  readonly succeeded: number
  readonly effects: number
  readonly timerP99Ms: number | null
  readonly quiesceMs: number
  readonly seconds: number
  readonly notes: Readonly<Record<string, number>>
  readonly report: string | null
}

const WARM_UP_MS = 3_000
const FAULTS_MS = 18_000
const TAIL_MS = 2_000
const QUIESCE_MS = 60_000
const LOCKS = ['north', 'south', 'east', 'west', 'hot'].map((name) => `lock-${name}`)

/** Warm-up, faults, heal, quiesce, check; one seed drives all of it. */
export async function runRow(
  row: ChaosRow,
  options: { seed: number; folder: string; faultsMs?: number },
): Promise<RunResult> {
  const { seed, folder } = options
  const startedAt = monotonicMs()
  const rngOf = (name: string): Rng => createRng(seedOf(seed, name))
  await mkdir(folder, { recursive: true })
  const journal = openJournal(folder)
  await using stub = await startEffectStub({ seed: seedOf(seed, 'stub'), log: journal.effect })
  const home = join(folder, 'home')
  await using running = await startChaosStack(row.stack, { home, rng: rngOf('links') })
  const database = openDatabase(home)
  try {
    await database.installAudit()
    await prepare(running)
    const api = createApi({
      urls: running.urls,
      apiKey: running.stack.credentials.api_key,
      note: journal.op,
    })
    const load = startLoad({
      api,
      rng: rngOf('load'),
      shape: row.load ?? {},
      world: { effectsUrl: stub.url, locks: LOCKS },
    })
    const watch = watchInFlight(database)
    const own = { violations: [] as Violation[], notes: {} as Record<string, number> }
    await sleep(WARM_UP_MS)
    const faults = await injectFaults(row, {
      faultsMs: options.faultsMs ?? row.faultsMs ?? FAULTS_MS,
      chaos: { running, database, journal, load, rng: rngOf('faults'), watch, own, stub },
    })
    await sleep(TAIL_MS)
    stub.behave()
    const quiesce = await settle({ row, load, database, running })
    const rows = await database.readRows()
    const evidence: Evidence = { ops: journal.ops, effects: journal.effects, rows }
    const violations = [
      ...faults,
      ...own.violations,
      ...quiesce.violations,
      ...checkAll(evidence),
      ...tooManyFailures(row, journal.ops),
    ]
    await watch.stop()
    await journal.close()
    const result = summarize(row, { seed, evidence, journal, violations, notes: own.notes })
    const report = violations.length > 0 ? await keepReport(folder, evidence, violations) : null
    return {
      ...result,
      quiesceMs: Math.round(quiesce.ms),
      seconds: Math.round((monotonicMs() - startedAt) / 1_000),
      report,
    }
  } finally {
    await database.close().catch(() => undefined)
  }
}

async function prepare({ stack }: ChaosStack): Promise<void> {
  for (const name of [...LOCKS, ...RING_LOCKS, 'lock-herd'])
    await stack.client.settings.put(name, null)
  for (const [name, script] of Object.entries(FLOWS))
    await stack.client.flows.create({ name, script, language: 'typescript' })
}

interface Watch {
  inFlight(): number
  stop(): Promise<void>
}

/** Asks Postgres how many executions live; what it said last counts while it does not answer. */
function watchInFlight(database: StackDatabase): Watch {
  const stopping = new AbortController()
  let inFlight = 0
  const watching = (async () => {
    while (!stopping.signal.aborted) {
      inFlight = await countLive(database).catch(() => inFlight)
      await sleep(300, stopping.signal).catch(() => undefined)
    }
  })()
  return {
    inFlight: () => inFlight,
    stop: async () => {
      stopping.abort()
      await watching
    },
  }
}

async function countLive(database: StackDatabase): Promise<number> {
  const [row] = await database.sql<{ live: number }>(
    'SELECT count(*)::integer AS live FROM execution WHERE ended_at IS NULL',
  )
  return row?.live ?? 0
}

async function injectFaults(
  row: ChaosRow,
  options: {
    faultsMs: number
    chaos: {
      running: ChaosStack
      database: StackDatabase
      journal: Journal
      load: Load
      rng: Rng
      watch: Watch
      stub: { url: string }
      own: { violations: Violation[]; notes: Record<string, number> }
    }
  },
): Promise<Violation[]> {
  const { running, database, journal, load, rng, watch, own, stub } = options.chaos
  const signal = AbortSignal.timeout(options.faultsMs)
  const chaos: Chaos = {
    stack: running.stack,
    links: running.links,
    rng,
    signal,
    inFlight: watch.inFlight,
    load: { effectsUrl: stub.url, start: load.start },
    sql: database.sql,
    fault: async (name, details, act) => {
      const note = (phase: 'begin' | 'end' | 'failed', more: object = {}): void =>
        journal.nemesisRow({
          at: nowNs(),
          fault: name,
          phase,
          inFlight: watch.inFlight(),
          details: { ...details, ...more },
        })
      note('begin')
      try {
        const done = await act()
        note('end')
        return done
      } catch (error) {
        note('failed', { error: String(error) })
        throw error
      }
    },
    rest: async (ms) => {
      await sleep(ms, signal).catch(() => undefined)
      return !signal.aborted
    },
    violation: (invariant, text, details) => own.violations.push({ invariant, text, details }),
    note: (name, value) => {
      own.notes[name] = value
    },
  }
  try {
    await row.run(chaos)
  } catch (error) {
    return [
      { invariant: 'row', text: error instanceof Error ? (error.stack ?? '') : String(error) },
    ]
  } finally {
    running.links?.heal()
  }
  return []
}

/** Until nothing lives and every client has its answer. Too late is a violation, with the reasons. */
async function settle(options: {
  row: ChaosRow
  load: Load
  database: StackDatabase
  running: ChaosStack
}): Promise<{ ms: number; violations: Violation[] }> {
  const { row, load, database, running } = options
  const from = monotonicMs()
  const patienceMs = row.quiesceMs ?? QUIESCE_MS
  await load.stop(AbortSignal.timeout(patienceMs))
  try {
    await until(
      async () => {
        const [left] = await database.sql<{ left: number }>(
          `SELECT (SELECT count(*) FROM execution WHERE ended_at IS NULL)::integer
             + (SELECT count(*) FROM lock_request)::integer + (SELECT count(*) FROM lock_holder)::integer
             + (SELECT count(*) FROM wait)::integer AS left`,
        )
        return left?.left === 0
      },
      { what: 'the end of everything', timeoutMs: patienceMs - (monotonicMs() - from) },
    )
    return { ms: monotonicMs() - from, violations: [] }
  } catch (error) {
    const reasons = await reasonsOf(database, running).catch(String)
    return {
      ms: monotonicMs() - from,
      violations: [{ invariant: 'I14', text: String(error), details: reasons }],
    }
  }
}

async function reasonsOf(database: StackDatabase, { stack }: ChaosStack): Promise<unknown> {
  const live = await database.sql<{ id: string; status: string }>(
    `SELECT id, status, version, epoch, recoveries, answered, process_id, moved_at, last_command
     FROM execution WHERE ended_at IS NULL ORDER BY id LIMIT 10`,
  )
  return Promise.all(
    live.map(async (one) => ({
      ...one,
      why: await stack.client.executions.why(one.id).catch(String),
    })),
  )
}

/** A caller that asks another gateway after a failure has to be served by then. */
function tooManyFailures({ failuresAtMost }: ChaosRow, ops: readonly Op[]): Violation[] {
  if (failuresAtMost === undefined) return []
  return ops
    .filter(({ failures }) => failures > failuresAtMost)
    .map(({ kind, key, failures, status }) => ({
      invariant: 'I15',
      text: `${kind} ${key} failed ${failures} times, at last with ${status ?? 'no answer'}`,
    }))
}

function summarize(
  row: ChaosRow,
  run: {
    seed: number
    evidence: Evidence
    journal: Journal
    violations: readonly Violation[]
    notes: Readonly<Record<string, number>>
  },
): Omit<RunResult, 'quiesceMs' | 'seconds' | 'report'> {
  const { ops, effects, rows } = run.evidence
  const succeeded = ops.filter(({ outcome, status }) => outcome === 'ok' || status === 409).length
  const takeovers = rows.events.filter(({ what }) => what === 'recovered').length
  const faults: Record<string, { injected: number; hit: number }> = {}
  for (const { fault, phase, inFlight } of run.journal.nemesis) {
    if (phase !== 'begin') continue
    const one = (faults[fault] ??= { injected: 0, hit: 0 })
    one.injected += 1
    if (inFlight > 0) one.hit += 1
  }
  const late = timerLateness(rows)
  const missed = row.faults.filter((name) => (faults[name]?.hit ?? 0) === 0)
  const share = succeeded / Math.max(1, ops.length)
  return {
    row: row.id,
    seed: run.seed,
    violations: run.violations,
    discounted:
      share < 0.7
        ? `only ${Math.round(share * 100)} % of ${ops.length} operations succeeded`
        : missed.length > 0
          ? `no work in flight at ${missed.join(', ')}`
          : row.takeover && takeovers === 0
            ? 'nothing was taken over'
            : null,
    faults,
    takeovers,
    started: ops.filter(({ kind, outcome }) => kind === 'start' && outcome === 'ok').length,
    operations: ops.length,
    succeeded,
    effects: effects.length,
    timerP99Ms: late.length === 0 ? null : Math.round(late[Math.floor(late.length * 0.99)] ?? 0),
    notes: run.notes,
  }
}

/** The journals lie there already; besides: what is stored, what was found, what the services said. */
async function keepReport(
  folder: string,
  evidence: Evidence,
  violations: readonly Violation[],
): Promise<string> {
  await writeFile(join(folder, 'rows.json'), JSON.stringify(evidence.rows))
  await writeFile(join(folder, 'violations.json'), JSON.stringify(violations, null, 1))
  await cp(join(folder, 'home', 'log'), join(folder, 'log'), { recursive: true })
  return folder
}
