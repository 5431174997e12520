import { decide, type Finding, type FindingKind, REPAIRS } from '@millrace/execution'
import { ServiceError } from '@millrace/runtime'
import { createGrpcClient } from '@millrace/runtime/grpc'
import {
  applyIfVersion,
  type ProcessRow,
  readExecution,
  readWaits,
  toExecution,
} from '@millrace/store'
import { lockService, schedulerService } from '@millrace/wire'
import type { Caller, Context } from '../context.ts'
import type { Case } from './doctor.ts'
import { tellMoved } from './move-execution.ts'

/**
 * Has what the doctor found mended by those whose work it is. Answers with the findings that somebody was
 * told about; whether it helped the next look says.
 */
export async function mend(
  context: Context,
  caller: Caller,
  input: { readonly cases: readonly Case[]; readonly processes: readonly ProcessRow[] },
): Promise<Set<Finding>> {
  const done = new Set<Finding>()
  const { cases, processes } = input
  const of = (...kinds: readonly FindingKind[]): readonly Case[] =>
    cases.filter(({ finding }) => kinds.includes(finding.kind) && REPAIRS[finding.kind] !== null)
  const attempt = async (some: readonly Case[], work: () => Promise<unknown>): Promise<void> => {
    if (some.length === 0) return
    try {
      await work()
      for (const { finding } of some) done.add(finding)
    } catch (error) {
      context.log.warn({ error, findings: some.length }, 'what the doctor found was not mended')
    }
  }

  for (const one of of('unheld')) await attempt([one], () => release(context, caller, one))
  await attempt(of('overdue', 'overrun'), () => {
    context.bus.nudgeTimers(0)
    return Promise.resolve()
  })
  const asked = of('record')
  await attempt(asked, () => {
    const { workspaceId } = caller
    const key = ({ finding: { executionId } }: Case) => ({ workspaceId, executionId })
    context.bus.nudgeRecordRequests(asked.map(key))
    return Promise.resolve()
  })
  const settled = of('settled')
  await attempt(settled, () => {
    const { workspaceId } = caller
    context.bus.nudgeResponses(
      settled.map(({ finding }) => ({
        workspaceId,
        executionId: finding.executionId,
        seq: finding.seq ?? 0,
      })),
    )
    return Promise.resolve()
  })
  const locks = of('unseen', 'passedOver')
  await attempt(locks, () => serveLocks(context, caller, locks, processes))
  const theirs = of('untaken', 'lost', 'abandoned', 'unwatched', 'staleWait', 'decided', 'control')
  await attempt(theirs, () => askScheduler(caller, theirs, processes))
  return done
}

/**
 * As if the process that does not know it had given it back: what is committed counts, nothing is lost.
 * What has moved since it was found is no longer there to be given back, such as what a person has paused
 * meanwhile.
 */
async function release(
  context: Context,
  { workspaceId }: Caller,
  { finding: { executionId }, execution }: Case,
): Promise<void> {
  const key = { workspaceId, executionId }
  const row = await readExecution(context.api, key)
  if (row === null || execution === null) return
  const waits = await readWaits(context.api, key)
  const before = toExecution(row, waits)
  const decision = decide(before, { type: 'engineReleased', version: execution.version })
  if (decision.kind !== 'moved') return
  const after = decision.next
  if (!(await applyIfVersion(context.api, key, { before, after }))) return
  tellMoved(context, row, { version: after.version, status: after.state.status }, waits)
}

async function serveLocks(
  context: Context,
  { workspaceId }: Caller,
  cases: readonly Case[],
  processes: readonly ProcessRow[],
): Promise<void> {
  const keys = [...new Set(cases.flatMap(({ finding }) => finding.subject ?? []))]
  context.bus.nudgeLocks(keys.map((key) => ({ workspaceId, key })))
  const client = createGrpcClient(lockService, addressOf(processes, 'lock-manager'))
  try {
    await client.serve({ workspaceId, keys })
  } finally {
    client.close()
  }
}

async function askScheduler(
  { workspaceId }: Caller,
  cases: readonly Case[],
  processes: readonly ProcessRow[],
): Promise<void> {
  const of = (kind: FindingKind) => cases.filter(({ finding }) => finding.kind === kind)
  const executions = (kind: FindingKind) =>
    of(kind).flatMap(({ execution }) =>
      execution === null
        ? []
        : [
            {
              executionId: execution.executionId,
              type: execution.type,
              version: execution.version,
              epoch: execution.epoch,
            },
          ],
    )
  const waits = (kind: FindingKind) =>
    of(kind).map(({ finding }) => ({ executionId: finding.executionId, seq: finding.seq ?? 0 }))
  const client = createGrpcClient(schedulerService, addressOf(processes, 'scheduler'))
  try {
    await client.mend({
      workspaceId,
      untaken: executions('untaken'),
      lost: executions('lost'),
      abandoned: executions('abandoned'),
      unwatched: of('unwatched').map(({ execution, finding }) => ({
        executionId: finding.executionId,
        seconds: execution?.maxRuntime ?? 1,
      })),
      stale: waits('staleWait'),
      decided: waits('decided'),
      controls: of('control').map(({ finding }) => finding.executionId),
    })
  } finally {
    client.close()
  }
}

function addressOf(processes: readonly ProcessRow[], service: string): string {
  const address = processes.find((process) => process.service === service)?.address
  if (typeof address !== 'string') throw new ServiceError('unavailable', `No ${service} is alive.`)
  return address
}
