import type { Execution, ExecutionStatus } from '@millrace/client'
import { newId } from '@millrace/runtime'
import { type HttpTarget, type Rig, until } from '../stack/index.ts'

/** One kind of standing still: how to get there, what it looks like, and what lets it go on. */
export interface WaitKind {
  readonly name: string
  readonly status: ExecutionStatus
  /** Output when it was let go on. */
  readonly output: unknown
  /** Starts an execution and returns when it stands there. */
  reach(rig: Rig): Promise<Execution>
  letGo(rig: Rig, execution: Execution): Promise<void>
}

/** The kinds that a parked execution can be in. `target` answers slow connections. */
export function waitKinds(target: () => HttpTarget): WaitKind[] {
  return [
    {
      name: 'a child',
      status: 'WAITING_DEPENDENCY',
      output: 'child done',
      reach: async (rig) =>
        reached(rig, `await gate(self, 'child'); return 'child done'`, 'WAITING_DEPENDENCY'),
      letGo: (rig, execution) => rig.openGate(execution.id, 'child'),
    },
    {
      name: 'several executions',
      status: 'WAITING_DEPENDENCY',
      output: 2,
      reach: async (rig) =>
        reached(
          rig,
          `const closed = []
           for (const name of ['one', 'two']) closed.push(await self.script('export default () => null', {}, { run: false, name }))
           return (await self.waitFor(closed)).length`,
          'WAITING_DEPENDENCY',
        ),
      letGo: async (rig, execution) => {
        await rig.openGate(execution.id, 'one')
        await rig.openGate(execution.id, 'two')
      },
    },
    {
      name: 'a time',
      status: 'SCHEDULED',
      output: 'awake',
      reach: (rig) => reached(rig, `await self.sleep(4); return 'awake'`, 'SCHEDULED'),
      letGo: async () => undefined,
    },
    {
      name: 'a lock',
      status: 'WAITING_LOCK',
      output: 'locked',
      reach: async (rig) => {
        const lock = `wait-${newId()}`
        await rig.client.settings.put(lock, null)
        const holder = await rig.start(
          `await system.setting(inputs.lock).acquire(); await gate(self, 'hold')`,
          { lock },
        )
        await until(
          async () =>
            (await rig.client.settings.inspectLock(lock, { by: 'name' })).holder === holder.id,
          { what: 'the lock is held' },
        )
        const body = `return await system.setting(inputs.lock).lock(async () => 'locked')`
        return reached(rig, body, 'WAITING_LOCK', { lock, holder: holder.id })
      },
      letGo: async (rig, execution) => {
        const { holder } = execution.input_value as { holder: string }
        await rig.openGate(holder, 'hold')
      },
    },
    {
      name: 'a person',
      status: 'WAITING_RESPONSE',
      output: 'yes',
      reach: (rig) =>
        reached(
          rig,
          `return (await self.message({ subject: 'Go?', request: 'Well?' })).response.string`,
          'WAITING_RESPONSE',
        ),
      letGo: async (rig, execution) => {
        const filter = { field: 'execution_id', op: 'eq', value: execution.id } as const
        const [message] = (await rig.client.messages.list({ filter })).items
        await rig.client.messages.reply(message?.id ?? '', { string: 'yes' })
      },
    },
    {
      name: 'a connection',
      status: 'WAITING_DEPENDENCY',
      output: true,
      reach: async (rig) => {
        const path = `/hang/${newId()}`
        const body = `
          const { output } = await self.connect({ connector_type: 'REST', url: inputs.url, total_timeout: 60, read_timeout: 60 })
          return (output.json ?? output.result.json).ok`
        const execution = await reached(rig, body, 'WAITING_DEPENDENCY', {
          url: `${target().url}${path}`,
        })
        await until(() => target().count(path) > 0, { what: 'the call has arrived' })
        return execution
      },
      letGo: async (_, execution) => {
        const { url } = execution.input_value as { url: string }
        target().letGo(new URL(url).pathname)
      },
    },
  ]
}

async function reached(
  rig: Rig,
  body: string,
  status: ExecutionStatus,
  input: Record<string, string> = {},
): Promise<Execution> {
  const started = await rig.start(body, input)
  return rig.reaches(started.id, status)
}
