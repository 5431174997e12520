import { sleep } from '@millrace/runtime'
import type { Api } from './api.ts'

/**
 * Two people before the debugger of one execution: whenever it stands at a stop both say that it may go
 * on, and one of them is too late. Until it has ended.
 */
export async function leaveStops(api: Api, id: string, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    const state = await api.ask(
      (client) => client.executions.debugState(id, { waitSeconds: 2, signal }),
      signal,
    )
    if (state === null || state.status.startsWith('ENDED_')) return
    const { stop } = state
    if (stop === null) {
      // It waits for something else, or nobody has answered.
      await sleep(50, signal).catch(() => undefined)
      continue
    }
    const { seq } = stop
    const goOn = (): Promise<unknown> =>
      api.call({
        kind: 'debug',
        key: id,
        facts: { input: { seq } },
        send: (client) => client.executions.debug(id, { action: 'continue', seq }),
        value: (record) => record.status,
        signal,
        isContested: true,
      })
    await Promise.all([goOn(), goOn()])
  }
}
