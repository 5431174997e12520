import type { Client, Execution, ExecutionStatus, Json, NewExecution, Why } from '@millrace/client'
import { until } from './until.ts'

/** Short words for what most tests do. Bodies are the inside of a handler: `system, self, inputs`. */
export interface Rig {
  readonly client: Client
  /** Creates a flow, or replaces its script. */
  flow(name: string, body: string): Promise<void>
  /** Starts an ad-hoc script and does not wait. */
  start(body: string, input?: Json, more?: NewExecution): Promise<Execution>
  /** Runs an ad-hoc script to its end. */
  run(body: string, input?: Json, more?: NewExecution): Promise<Execution>
  /** Runs one that must succeed, and gives its output. */
  output(body: string, input?: Json): Promise<Json>
  ended(id: string, timeoutSeconds?: number): Promise<Execution>
  /** Until it has the status. Fails at once when it ends in another one. */
  reaches(id: string, status: ExecutionStatus, timeoutMs?: number): Promise<Execution>
  children(id: string): Promise<Execution[]>
  why(id: string): Promise<Why>
  /** Lets go on whoever stands at `await gate(self, name)`. */
  openGate(id: string, name: string): Promise<void>
  /** The values of all its log lines. */
  logs(id: string): Promise<Json[]>
}

/**
 * A place in a flow that only the test lets it pass: a child that is not started, and waited for.
 * Put `${GATE}` before the handler's own code.
 */
export const GATE = `async function gate(self, name) {
  const closed = await self.script('export default () => null', {}, { run: false, name })
  await closed.wait()
}`

/** Line 1 of a body is line 2 of the script. */
export function script(body: string): string {
  return `export default async function handler(system, self, inputs) {\n${body}\n}\n${GATE}\n`
}

export function createRig(client: Client): Rig {
  const start: Rig['start'] = (body, input = {}, more = {}) =>
    client.executions.create({ script: script(body), input_value: input, ...more })

  const rig: Rig = {
    client,
    flow: async (name, body) => {
      const fields = { script: script(body), language: 'typescript' } as const
      const present = await client.flows.list({ filter: { field: 'name', op: 'eq', value: name } })
      const [flow] = present.items
      if (flow === undefined) await client.flows.create({ name, ...fields })
      else await client.flows.update(flow.id, fields)
    },
    start,
    run: async (body, input, more) => rig.ended((await start(body, input, more)).id),
    output: async (body, input) => {
      const ended = await rig.run(body, input)
      if (ended.status !== 'ENDED_SUCCESS') throw new Error(`${ended.status}: ${ended.message}`)
      return ended.output_value
    },
    ended: (id, timeoutSeconds = 30) => client.executions.wait(id, { timeoutSeconds }),
    reaches: (id, status, timeoutMs = 60_000) =>
      until(
        async () => {
          const now = await client.executions.get(id)
          if (now.status === status) return now
          if (now.ended_at !== null) throw new Error(`it ended: ${now.status} ${now.message}`)
          return null
        },
        { what: `${id} becomes ${status}`, timeoutMs },
      ),
    children: (id) => Array.fromAsync(client.executions.iterateChildren(id, { limit: 1000 })),
    why: (id) => client.executions.why(id),
    openGate: async (id, name) => {
      const closed = await until(
        async () => {
          const [parent, children] = await Promise.all([
            client.executions.get(id),
            rig.children(id),
          ])
          if (parent.status !== 'WAITING_DEPENDENCY' && parent.status !== 'PAUSED') return null
          return children.find((child) => child.name === name && child.status === 'PAUSED')
        },
        { what: `${id} stands at the gate ${name}` },
      )
      await client.executions.resume(closed.id)
    },
    logs: async (id) => {
      const lines = await Array.fromAsync(client.executions.iterateLog(id, { limit: 1000 }))
      return lines.flatMap((line) => [...line.values])
    },
  }
  return rig
}
