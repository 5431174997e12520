import type { Caller, Context } from '../context.ts'
import { toProblem } from '../problem.ts'
import { readRecord } from './read-execution.ts'
import { rerunExecution } from './rerun-execution.ts'
import type { SteerOutcome } from './steer-executions.ts'

const AT_ONCE = 16

/**
 * Starts another execution like each of these, in their order; one that cannot be rerun stops no other.
 * `detail` of one that was is the new one's id.
 */
export async function rerunMany(
  context: Context,
  caller: Caller,
  request: {
    readonly ids: readonly string[]
    /** The id of what is started for one of them: a request that is repeated gives each the id it had. */
    readonly idFor: (id: string) => string
    readonly isDry: boolean
  },
): Promise<SteerOutcome[]> {
  const outcomes: SteerOutcome[] = []
  const rest = request.ids.map((id, at) => ({ id, at })).toReversed()
  const work = async (): Promise<void> => {
    for (let next = rest.pop(); next !== undefined; next = rest.pop())
      outcomes[next.at] = await one(next.id)
  }
  await Promise.all(Array.from({ length: Math.min(AT_ONCE, rest.length) }, work))
  return outcomes

  async function one(id: string): Promise<SteerOutcome> {
    try {
      if (request.isDry) {
        await readRecord(context, { workspaceId: caller.workspaceId, id })
        return { id, status: 200, detail: 'would be rerun' }
      }
      const started = request.idFor(id)
      const asked = { id, body: {}, waitSeconds: 0, fields: ['id'], traceparent: null }
      await rerunExecution(context, caller, { ...asked, ids: () => started })
      return { id, status: 201, detail: started }
    } catch (error) {
      const { status, detail } = toProblem(error, '')
      return { id, status, detail }
    }
  }
}
