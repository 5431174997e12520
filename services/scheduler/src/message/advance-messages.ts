import { advancePlan, type NoticePlan, NOTHING_DONE, type PlanProgress } from '@millrace/form'
import {
  closeMessages,
  type MessageProgress,
  type MessageRow,
  type NewExecution,
  readMessages,
  saveProgress,
  type ShardFence,
  takeDueMessages,
} from '@millrace/store'
import type { SchedulerContext } from '../context.ts'
import type { Notice } from './notice-execution.ts'
import { startNotices } from './start-notices.ts'

/**
 * Does what the plans of messages in the caller's shards have to do by now: notes that they are due,
 * starts the flows that remind and escalate, asks more people. All of it in one transaction with the
 * progress, so that each step is done once; a crash before the nudge leaves executions that the sweep
 * finds. Returns how many were looked at.
 */
export async function advanceMessages(
  { db, bus, metrics }: SchedulerContext,
  input: ShardFence & { readonly limit: number },
): Promise<number> {
  const { taken, born } = await db.transaction(async (tx) => {
    const due = await takeDueMessages(tx, input)
    const rows = await readMessages(tx, due)
    const atOf = new Map(due.map((one) => [one.messageId, one.at]))
    const open = rows.filter((row) => row.status === 'OPEN')
    await closeMessages(tx, rows.filter((row) => row.status === 'CLOSED').map(keyOf))
    const advanced = open.map((row) => advance(row, atOf.get(row.id) ?? 0))
    const notices = advanced.flatMap((one) => one.notices)
    const executions = await startNotices(tx, notices)
    await saveProgress(
      tx,
      advanced.map((one) => withFailures(one, executions.failed)),
    )
    return { taken: due.length, born: executions.born }
  })
  if (born.length > 0) {
    nudge(bus, born)
    metrics.resolved.inc({ kind: 'message step' }, born.length)
  }
  return taken
}

/** The limits of a flow are asked first; what has none goes to an engine at once. */
function nudge(bus: SchedulerContext['bus'], born: readonly NewExecution[]): void {
  const ready = []
  const gated = []
  for (const { workspaceId, id: executionId, priority, gates } of born) {
    const gate = gates?.[0]
    if (gate === undefined) ready.push({ workspaceId, executionId, version: 1, priority })
    else gated.push({ workspaceId, key: gate.key })
  }
  if (gated.length > 0) bus.nudgeLocks(gated)
  if (ready.length > 0) void bus.publishDispatch('engine', ready)
}

/** How far a message's plan is, as it is stored. Times: RFC 3339. */
interface Progress extends PlanProgress {
  readonly remindedAt?: string
  readonly escalatedAt?: string
  /** The flow of a step that could not be started, and why. */
  readonly failure?: string
}

interface Advanced {
  readonly row: MessageRow
  readonly progress: Progress
  readonly nextAt: number | null
  readonly assignees: readonly string[]
  readonly notices: readonly Notice[]
}

function advance(row: MessageRow, at: number): Advanced {
  const before: Progress =
    row.progress === null ? NOTHING_DONE : (JSON.parse(row.progress) as Progress)
  // One without a plan has nothing to do, and no reason to be here.
  const plan = row.plan === null ? null : (JSON.parse(row.plan) as NoticePlan)
  if (plan === null)
    return { row, progress: before, nextAt: null, assignees: row.assignees, notices: [] }
  const { steps, progress, nextAt } = advancePlan(plan, before, at)
  const time = new Date(at).toISOString()
  const escalates = steps.includes('escalate')
  const reminds = steps.includes('remind')
  const more = escalates ? plan.escalateAssignees : []
  const assignees = [...new Set([...row.assignees, ...more])]
  const notices: Notice[] = []
  if (escalates && plan.escalateFlow !== null)
    notices.push({ step: 'escalate', flow: plan.escalateFlow, input: plan.escalateInput, row })
  if (reminds && plan.remindFlow !== null)
    notices.push({ step: 'remind', flow: plan.remindFlow, input: plan.remindInput, row })
  return {
    row,
    nextAt,
    assignees,
    notices: notices.map((notice) => ({ ...notice, assignees, reminders: progress.reminders })),
    progress: {
      ...before,
      ...progress,
      ...(reminds && { remindedAt: time }),
      ...(escalates && { escalatedAt: time }),
    },
  }
}

function withFailures(one: Advanced, failed: ReadonlyMap<string, string>): MessageProgress {
  const failure = failed.get(one.row.id)
  const progress = failure === undefined ? one.progress : { ...one.progress, failure }
  const { nextAt, assignees } = one
  return { ...keyOf(one.row), progress: JSON.stringify(progress), nextAt, assignees }
}

const keyOf = (row: MessageRow) => ({ workspaceId: row.workspace_id, messageId: row.id })
