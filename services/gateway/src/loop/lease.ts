import { type Logger, loop, type Loop } from '@millrace/runtime'
import {
  PROCESS_LEASE_RENEW_MS,
  type ProcessRow,
  type Queryable,
  registerProcess,
  renewProcess,
} from '@millrace/store'

/** Says that this gateway is here. A lease that ran out is taken anew: a gateway holds nothing. */
export function leaseLoop(deps: { db: Queryable; log: Logger; process: ProcessRow }): Loop {
  const { db, log, process } = deps
  return loop('lease', {
    async run() {
      if (!(await renewProcess(db, process))) await registerProcess(db, process)
      return PROCESS_LEASE_RENEW_MS
    },
    onError: (error, { retryMs }) => log.warn({ error, retryMs }, 'lease was not renewed'),
  })
}
