import type { Client } from '@millrace/client'
import { handler } from './flows.ts'

/** The line of `chaos-debugged` that its debugger stops before: the last one of its loop. */
export const BREAKPOINT = 5

/** Flows of kinds that a row has to ask for. */
const WAIT_FLOWS: Readonly<Record<string, string>> = {
  'chaos-ask': handler(`
    const answers = []
    for (let i = 0; i < inputs.n; i += 1) {
      const told = await self.message({ subject: 'chaos ' + i, request: 'What?' })
      answers.push([told.id, told.response.string])
    }
    if (inputs.shared) {
      const open = await self.message({ subject: 'chaos', request: 'What?', wait: false })
      const other = self.flow('chaos-told', { message: open.id })
      const told = await open.wait()
      answers.push([told.id, told.response.string], (await other).output)
    }
    return { answers }`),

  'chaos-told': handler(`
    const told = await system.message(inputs.message).wait()
    return [told.id, told.response.string]`),

  // Each life tells its effects apart, so that each may be done once.
  'chaos-back': handler(`
    const times = await self.savepoint('here')
    const n = await self.step('n', () => Math.random())
    const done = await effect(self, inputs, { phase: 'life ' + times })
    await self.sleep(inputs.rest)
    if (times < inputs.times) self.revert('here')
    return { times, n, done }`),

  'chaos-flaky': handler(`
    await self.sleep(0.02)
    if (inputs.turn < inputs.fails) throw new Error('not yet')
    return { twice: inputs.n * 2 }`),

  'chaos-debugged': handler(`
    const seen = []
    for (let turn = 0; turn < inputs.n; turn += 1) {
      await self.sleep(0.02)
      seen.push(turn)
    }
    return seen`),

  'chaos-hooked': handler(`
    const { delivery } = inputs.payload.json
    return { delivery: await self.step('delivery', () => delivery) }`),
}

const WRAPPERS: Readonly<Record<string, string>> = {
  'chaos-again': handler(`
    for (let turn = 0; ; turn += 1) {
      try {
        const child = await self.wrapped({ ...inputs.wrapped.input_value, turn })
        return { tries: turn + 1, output: child.output }
      } catch (error) {
        if (turn > 5) throw error
      }
    }`),
  'chaos-outer': handler(`
    const child = await self.wrapped()
    return { outer: child.output }`),
}

export const WEBHOOK = 'chaos'

/** Everything that the kinds of load/wait-work.ts need. */
export async function prepareWaits(client: Client, secret: string): Promise<void> {
  for (const [name, script] of Object.entries(WAIT_FLOWS))
    await client.flows.create({ name, script })
  for (const [name, script] of Object.entries(WRAPPERS))
    await client.wrappers.create({ name, script })
  await client.flows.create({
    name: 'chaos-gated',
    script: handler(`
    await self.sleep(inputs.rest)
    return { shard: inputs.shard }`),
    concurrency: { limit: 2, key: '/shard' },
    rate_limit: { limit: 4, per_seconds: 1 },
  })
  await client.webhooks.create({
    name: WEBHOOK,
    flow_name: 'chaos-hooked',
    is_enabled: true,
    is_async: true,
    signature: { preset: 'standard_webhooks', secrets: [secret] },
  })
}
