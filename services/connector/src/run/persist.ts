import { type Logger, sleep } from '@millrace/runtime'

/**
 * Writes until Postgres has it. What an attempt brought home must not be lost because Postgres is
 * away; a crash meanwhile leaves an attempt that is not ended, which counts as unknown.
 */
export async function persist<T>(log: Logger, write: () => Promise<T>): Promise<T> {
  for (let pauseMs = FIRST_PAUSE_MS; ; pauseMs = Math.min(pauseMs * 2, MAX_PAUSE_MS)) {
    try {
      return await write()
    } catch (error) {
      log.warn({ error, pauseMs }, 'not written yet')
      await sleep(pauseMs)
    }
  }
}

const FIRST_PAUSE_MS = 100
const MAX_PAUSE_MS = 2_000
