import { type Loop, loop } from '@millrace/runtime'
import { readConnectionStates } from '@millrace/store'
import type { ConnectorContext } from '../context.ts'
import type { Runner } from '../run/runner.ts'

/** Looks whether somebody has moved what is under way here: the sweep behind the control nudges. */
export function watchRunningLoop({ db, log }: ConnectorContext, runner: Runner): Loop {
  return loop('watch running', {
    async run() {
      for (const state of await readConnectionStates(db, runner.running))
        await runner.control(state)
      return EVERY_MS
    },
    onError: (error, { retryMs }) =>
      log.warn({ error, retryMs }, 'connections under way are not watched'),
  })
}

// A cancel whose nudge was lost shall still end its connection within six seconds.
const EVERY_MS = 1_000
