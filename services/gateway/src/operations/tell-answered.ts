import { notifyAnswered } from '@millrace/bus'
import { type AnsweredExecution, liveProcesses } from '@millrace/store'
import type { Context } from '../context.ts'

/** Who can go on is told. After the commit; a crash before leaves those that the sweep finds. */
export async function tellAnswered(
  { api, bus }: Pick<Context, 'api' | 'bus'>,
  answered: readonly AnsweredExecution[],
): Promise<void> {
  if (answered.length === 0) return
  const processes = await liveProcesses(api).catch(() => [])
  const alive = new Set(processes.map((process) => process.processId))
  notifyAnswered(bus, answered, (processId) => alive.has(processId))
}
