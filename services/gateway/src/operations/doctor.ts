import {
  diagnoseExecution,
  diagnoseWait,
  type Finding,
  REPAIRS,
  STANDS_TOO_LONG_MS,
  type Surroundings,
} from '@millrace/execution'
import { now, sleep } from '@millrace/runtime'
import {
  type ExaminedExecution,
  examineExecutions,
  examineWaits,
  liveProcesses,
  type ProcessRow,
} from '@millrace/store'
import type { Caller, Context } from '../context.ts'
import { examineServices } from './examine-services.ts'
import { findUnheld } from './find-unheld.ts'
import { mend } from './mend.ts'
import { time } from './page-request.ts'

/** What the doctor found, and what became of it. */
export interface DoctorReport {
  /** Nothing was found, or nothing of it is left. */
  readonly healthy: boolean
  readonly executions: number
  readonly waits: number
  /** How many live executions there are of each status. */
  readonly standing: Readonly<Record<string, number>>
  readonly findings: readonly DoctorFinding[]
  /** More was found than is told. */
  readonly truncated: boolean
  /** After a repair: how many findings a last look still had; null: nothing was mended. */
  readonly left: number | null
  readonly as_of: string
}

export interface DoctorFinding {
  readonly kind: string
  readonly execution_id: string | null
  readonly sentence: string
  /** What would mend it; null when telling somebody again does not. */
  readonly repair: string | null
  readonly repaired: boolean
}

/** A finding with what its repair needs to know. */
export interface Case {
  readonly finding: Finding
  /** Of findings about an execution. */
  readonly execution: ExaminedExecution | null
}

const FINDINGS_MAX = 1_000

/**
 * Whether everything in the workspace that stands still does so for a reason that holds: reads every
 * live execution and every open wait, and asks the services about themselves. With `repair` it has done
 * again what a lost message should have had done, by those whose work it is.
 */
export async function runDoctor(
  context: Context,
  caller: Caller,
  { repair }: { readonly repair: boolean },
): Promise<DoctorReport> {
  const seen = await look(context, caller)
  const { cases, services } = seen
  const shown = cases.slice(0, FINDINGS_MAX)
  const repaired = repair ? await mend(context, caller, { ...seen, cases: shown }) : NONE
  const left = repaired.size === 0 ? null : await lookUntilMended(context, caller)
  const findings: DoctorFinding[] = [
    ...services.map((sentence) => toFinding('service', null, sentence)),
    ...shown.map(({ finding }) => ({
      ...toFinding(finding.kind, finding.executionId, finding.sentence),
      repair: REPAIRS[finding.kind],
      repaired: repaired.has(finding),
    })),
  ]
  return {
    healthy: left === null ? findings.length === 0 : left === 0,
    executions: seen.executions,
    waits: seen.waits,
    standing: seen.standing,
    findings,
    truncated: cases.length > FINDINGS_MAX,
    left,
    as_of: time(now()),
  }
}

/** What was mended takes a moment to move; what is found after that was not mended. */
async function lookUntilMended(context: Context, caller: Caller): Promise<number> {
  for (let looks = LOOKS; ; looks -= 1) {
    await sleep(LOOK_EVERY_MS)
    const { cases, services } = await look(context, caller)
    if (looks <= 1 || cases.length + services.length === 0) return cases.length + services.length
  }
}

interface Seen {
  readonly processes: readonly ProcessRow[]
  /** Sentences about the services. */
  readonly services: readonly string[]
  readonly cases: readonly Case[]
  readonly executions: number
  readonly waits: number
  readonly standing: Readonly<Record<string, number>>
}

async function look(context: Context, { workspaceId }: Caller): Promise<Seen> {
  const processes = await liveProcesses(context.api)
  const around = await surroundings(context, processes)
  const services = await examineServices(context, processes)
  const cases: Case[] = []
  const standing: Record<string, number> = {}
  const request = { workspaceId, graceMs: STANDS_TOO_LONG_MS }
  const note = (finding: Finding | null, execution: ExaminedExecution | null): void => {
    if (finding !== null && cases.length <= FINDINGS_MAX) cases.push({ finding, execution })
  }

  let executions = 0
  for await (const page of examineExecutions(context.api, request)) {
    executions += page.length
    for (const one of page) {
      standing[one.status] = (standing[one.status] ?? 0) + 1
      note(diagnoseExecution({ ...one, isKnownThere: null }, around), one)
    }
    for (const one of await findUnheld(context, { workspaceId, processes, executions: page }))
      note(diagnoseExecution({ ...one, isKnownThere: false }, around), one)
  }
  let waits = 0
  for await (const page of examineWaits(context.api, request)) {
    waits += page.length
    for (const one of page) note(diagnoseWait(one), null)
  }
  return { processes, services, cases, executions, waits, standing }
}

const toFinding = (kind: string, executionId: string | null, sentence: string): DoctorFinding => ({
  kind,
  execution_id: executionId,
  sentence,
  repair: null,
  repaired: false,
})

const NONE: ReadonlySet<Finding> = new Set()
const LOOKS = 12
const LOOK_EVERY_MS = 500

async function surroundings(
  { bus }: Context,
  processes: readonly ProcessRow[],
): Promise<Surroundings> {
  const count = (service: string): number =>
    processes.filter((process) => process.service === service).length
  const [engine, connector] = await Promise.all([
    bus.pendingDispatch('engine'),
    bus.pendingDispatch('connector'),
  ])
  // Without NATS nothing is offered, which is a finding of its own and not one of each execution.
  const isBusy = (pending: number | null): boolean | null => (pending === null ? null : pending > 0)
  return {
    engines: count('engine'),
    connectors: count('connector'),
    isEngineBusy: isBusy(engine),
    isConnectorBusy: isBusy(connector),
  }
}
