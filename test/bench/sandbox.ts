// How long one execution takes in the sandbox, pipe included: `node test/bench/sandbox.ts`.
import { createLogger, monotonicMs, newId } from '@millrace/runtime'
import { createSandbox } from '@millrace/sandbox'

const EMPTY = 'export default async function handler(system, self, inputs) { return inputs }'
const TEN_STEPS = `export default async function handler(system, self, inputs) {
  let sum = 0
  for (let i = 0; i < 10; i++) sum += await self.step('add', () => i)
  return sum
}`
const CHILD = `export default async function handler(system, self, inputs) {
  const child = await self.flow('child', inputs)
  return child.output
}`

const sandbox = createSandbox({ log: createLogger('bench', { level: 'warn' }) })

const start = (source: string) => {
  const id = newId()
  return {
    kind: 'start' as const,
    key: `${id}:1`,
    self: {
      id,
      workspaceId: 'w',
      generation: 1,
      type: 'FLOW',
      name: null,
      parentId: null,
      startedAt: 0,
    },
    input: { customer: source.length },
    history: [],
    answers: [],
  }
}

async function measure(name: string, source: string, size: number, inFlight = 1): Promise<void> {
  const script = { hash: name, language: 'javascript', source }
  const turn = async (): Promise<void> => {
    const results = await sandbox.activate(
      { workspaceId: 'w', script },
      Array.from({ length: size }, () => start(source)),
    )
    const open = results.filter((result) => !('lost' in result) && result.end === null)
    if (open.length === 0) return
    const answers = open.flatMap((result) => {
      if ('lost' in result) return []
      const [command] = result.commands
      if (command?.kind !== 'call') return []
      const ended = {
        id: command.child.id,
        status: 'ENDED_SUCCESS',
        message: null,
        output: { v: 1 },
      } as const
      const outcome = { kind: 'dependency', verdict: 'met', ended: [ended] } as const
      const answer = { position: 1, seq: command.seq, outcome, at: 1 }
      return [{ kind: 'continue' as const, key: result.key, local: [], answers: [answer] }]
    })
    await sandbox.activate({ workspaceId: 'w', script }, answers)
  }
  const turns = Math.max(50, Math.ceil(20_000 / size / inFlight))
  for (let i = 0; i < turns / 2; i++) await Promise.all(Array.from({ length: inFlight }, turn))
  const begun = monotonicMs()
  for (let i = 0; i < turns; i++) await Promise.all(Array.from({ length: inFlight }, turn))
  const each = ((monotonicMs() - begun) * 1000) / turns / size / inFlight
  process.stdout.write(
    `${name}, batches of ${size}, ${inFlight} at once: ${each.toFixed(1)} µs each\n`,
  )
}

for (const [name, source] of Object.entries({ EMPTY, TEN_STEPS, CHILD })) {
  await measure(name, source, 1)
  await measure(name, source, 64)
  await measure(name, source, 256)
  await measure(name, source, 64, 2)
}
await sandbox.close()
