import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { monotonicMs, sleep } from '@millrace/runtime'
import { PROGRAM_FLOW, programFlow } from '../../simulation/program/index.ts'
import { settingsFor } from '../../simulation/program/random-program.ts'
import { checkAll } from '../check/check-all.ts'
import type { Evidence } from '../evidence.ts'
import { createApi } from '../load/api.ts'
import { startEffectStub } from '../load/effect-stub.ts'
import { FLOWS } from '../load/flows.ts'
import { createHooks, hookSecret } from '../load/hooks.ts'
import { startLoad } from '../load/load.ts'
import { startPeople } from '../load/people.ts'
import { prepareWaits } from '../load/wait-flows.ts'
import { WAIT_WORK } from '../load/wait-work.ts'
import { PROGRAM_LOCKS, RING_LOCKS } from '../load/work.ts'
import { isMissing } from '../faults/tools.ts'
import { createRng, type Rng, seedOf } from '../rng.ts'
import type { ChaosRow } from '../row.ts'
import { openDatabase } from './database.ts'
import { injectFaults, type Run } from './inject.ts'
import { openJournal } from './journal.ts'
import { settle } from './settle.ts'
import { type ChaosStack, startChaosStack } from './start-chaos-stack.ts'
import { keepReport, notRun, type RunResult, summarize, tooManyFailures } from './summarize.ts'
import { watchInFlight } from './watch-in-flight.ts'

export interface RunOptions {
  readonly seed: number
  /** Where journals, the stack's home and, after a violation, the report lie. */
  readonly folder: string
  /** Instead of the row's own. */
  readonly faultsMs?: number
}

const WARM_UP_MS = 3_000
const FAULTS_MS = 18_000
const TAIL_MS = 2_000
const LOCKS = ['north', 'south', 'east', 'west', 'up', 'down', 'in'].map((name) => `lock-${name}`)

/** Warm-up, faults, heal, quiesce, check; one seed drives all of it. */
export async function runRow(row: ChaosRow, options: RunOptions): Promise<RunResult> {
  const { seed, folder } = options
  const missing = isMissing(() => row.requires?.())
  if (missing !== false) return notRun(row, seed, missing)
  const from = monotonicMs()
  const rngOf = (name: string): Rng => createRng(seedOf(seed, name))
  await mkdir(folder, { recursive: true })
  await using journal = openJournal(folder)
  await using stub = await startEffectStub({ seed: seedOf(seed, 'stub'), log: journal.effect })
  const home = join(folder, 'home')
  await using running = await startChaosStack(row.stack, { home, rng: rngOf('links') })
  await using database = openDatabase(home)
  await database.installAudit()
  await prepare(running)
  const { urls, stack } = running
  const shape = row.load ?? {}
  const asksForWaits = Object.keys(shape.weights ?? {}).some((kind) => kind in WAIT_WORK)
  const secret = hookSecret(seed)
  if (asksForWaits) await prepareWaits(stack.client, secret)
  await using watch = watchInFlight(database)
  const api = createApi({ urls, apiKey: stack.credentials.api_key, note: journal.op })
  const hooks = createHooks({ urls, secret, note: journal.op })
  await using _people = asksForWaits ? startPeople({ api, rng: rngOf('people') }) : null
  const load = startLoad({
    ...{ api, hooks, shape },
    rng: rngOf('load'),
    world: { effectsUrl: stub.url, locks: LOCKS },
  })
  const run: Run = {
    ...{ running, database, journal, load, hooks, watch },
    ...{ rng: rngOf('faults'), effectsUrl: stub.url, violations: [], notes: {} },
  }

  await sleep(WARM_UP_MS)
  await injectFaults(row, run, options.faultsMs ?? row.faultsMs ?? FAULTS_MS)
  await sleep(TAIL_MS)
  stub.behave()
  const quiesce = await settle(run, row.quiesceMs)
  const evidence: Evidence = {
    ops: journal.ops,
    effects: journal.effects,
    rows: await database.readRows(),
  }
  const violations = [
    ...run.violations,
    ...quiesce.violations,
    ...checkAll(evidence),
    ...(row.check?.(evidence) ?? []),
    ...tooManyFailures(row, journal.ops),
  ]
  const report = violations.length > 0 ? await keepReport(folder, evidence, violations) : null
  return {
    ...summarize(row, { seed, evidence, journal, violations, notes: run.notes }),
    quiesceMs: Math.round(quiesce.ms),
    seconds: Math.round((monotonicMs() - from) / 1_000),
    report,
  }
}

async function prepare({ stack }: ChaosStack): Promise<void> {
  const settings = [...LOCKS, ...RING_LOCKS, 'lock-herd', ...settingsFor(PROGRAM_LOCKS)]
  for (const name of settings) await stack.client.settings.put(name, null)
  for (const [name, script] of Object.entries({ ...FLOWS, [PROGRAM_FLOW]: programFlow }))
    await stack.client.flows.create({ name, script, language: 'typescript' })
}
