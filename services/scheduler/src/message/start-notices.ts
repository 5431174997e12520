import {
  createExecutions,
  createSchemaPins,
  type NewExecution,
  type Queryable,
  readFacts,
  type ResolvedFlow,
  resolveFlows,
  wrapExecution,
  wrapTargets,
} from '@millrace/store'
import { inputFault } from '../schedules/input-refusal.ts'
import { type Notice, noticeExecution, noticeInput } from './notice-execution.ts'

interface Start {
  readonly notice: Notice
  readonly flow: ResolvedFlow
}

/**
 * Starts the flows of notices as these are now, with the wrappers that always stand around them. `failed`: by
 * message, why one cannot be started.
 */
export async function startNotices(
  tx: Queryable,
  notices: readonly Notice[],
): Promise<{
  readonly born: readonly NewExecution[]
  readonly failed: ReadonlyMap<string, string>
}> {
  const failed = new Map<string, string>()
  if (notices.length === 0) return { born: [], failed }
  const flows = await resolveFlows(
    tx,
    notices.map(({ row, flow }) => ({ workspaceId: row.workspace_id, ref: flow })),
  )
  const starts: Start[] = []
  for (const [index, notice] of notices.entries()) {
    const flow = flows[index] ?? null
    const refusal = await refusalOf(notice, flow)
    if (refusal !== null) failed.set(notice.row.id, refusal)
    else if (flow !== null) starts.push({ notice, flow })
  }
  const born = await wrapNotices(tx, starts, await toExecutions(tx, starts), failed)
  await createExecutions(tx, born)
  return { born, failed }
}

/** A wrapper may make another input of it, and has that checked when it starts the flow. */
async function refusalOf(notice: Notice, flow: ResolvedFlow | null): Promise<string | null> {
  if (flow === null) return `there is no flow named "${notice.flow}" any more`
  if (flow.input_schema === null || flow.is_wrapped) return null
  const fault = await inputFault(flow.input_schema, noticeInput(notice))
  return fault === null
    ? null
    : `the input of the flow "${notice.flow}" does not match its input_schema: ${fault}`
}

async function toExecutions(tx: Queryable, starts: readonly Start[]): Promise<NewExecution[]> {
  const facts = await readFacts(
    tx,
    starts.map(({ notice: { row } }) => ({
      workspaceId: row.workspace_id,
      executionId: row.execution_id,
    })),
  )
  const factsOf = new Map(facts.map((one) => [one.id, one]))
  const pins = createSchemaPins(tx)
  const executions: NewExecution[] = []
  for (const { notice, flow } of starts) {
    const schemas = await pins.pin(notice.row.workspace_id, {
      input: flow.input_schema,
      output: flow.output_schema,
    })
    const asking = factsOf.get(notice.row.execution_id) ?? null
    executions.push(noticeExecution(notice, { flow, asking, schemas }))
  }
  return executions
}

/** Puts the wrappers that always stand around their flows around them. */
async function wrapNotices(
  tx: Queryable,
  starts: readonly Start[],
  executions: readonly NewExecution[],
  failed: Map<string, string>,
): Promise<NewExecution[]> {
  const wrappings = await wrapTargets(
    tx,
    starts.map(({ notice, flow }) => ({
      workspaceId: notice.row.workspace_id,
      wrapped: {
        type: 'FLOW',
        flow_id: flow.id,
        flow_name: flow.name,
        name: flow.name,
        input_value: noticeInput(notice),
      },
      wrappers: [],
      staticOf: flow.is_wrapped ? [flow.id] : [],
    })),
  )
  return starts.flatMap(({ notice }, at) => {
    const execution = executions[at]
    const wrapping = wrappings[at] ?? null
    if (execution === undefined) return []
    if (wrapping?.kind === 'wrapper') return [wrapExecution(execution, wrapping, null)]
    if (wrapping === null) return [execution]
    failed.set(notice.row.id, `the wrappers of the flow "${notice.flow}" wrap each other`)
    return []
  })
}
