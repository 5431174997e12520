import { sleep } from '@millrace/runtime'
import type { StackDatabase } from './database.ts'

export interface Watch extends AsyncDisposable {
  inFlight(): number
}

/** Asks Postgres how many executions live; what it said last counts while it does not answer. */
export function watchInFlight(database: StackDatabase): Watch {
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
    [Symbol.asyncDispose]: async () => {
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
