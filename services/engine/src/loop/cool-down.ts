import { type Logger, type Loop, loop } from '@millrace/runtime'
import type { Runner } from '../run/runner.ts'

const EVERY_MS = 10_000

/** Lets go of suspended executions that nothing has come for in a while. */
export const coolDownLoop = ({ runner, log }: { runner: Runner; log: Logger }): Loop =>
  loop('cool-down', {
    run() {
      runner.coolDown()
      return Promise.resolve(EVERY_MS)
    },
    onError: (error) => log.warn({ error }, 'suspended executions were not let go of'),
  })
