import { monotonicMs } from '@millrace/runtime'
import { until } from '../../stack/index.ts'
import type { Violation } from '../evidence.ts'
import type { StackDatabase } from './database.ts'
import type { Run } from './inject.ts'
import type { ChaosStack } from './start-chaos-stack.ts'

const QUIESCE_MS = 120_000

/** Until nothing lives and every client has its answer. Too late is a violation, with the reasons. */
export async function settle(
  { load, database, running }: Pick<Run, 'load' | 'database' | 'running'>,
  patienceMs = QUIESCE_MS,
): Promise<{ ms: number; violations: Violation[] }> {
  const from = monotonicMs()
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
