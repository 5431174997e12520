import assert from 'node:assert/strict'
import { describe } from 'node:test'
import { until, useStack } from '../../stack/index.ts'
import { item } from '../harness.ts'

/** What a run of this has done can be told afterwards: the recorded chance must not change. */
const WORK = `
  const first = await self.step('chance', () => Math.random())
  self.setOutput('first', first)
  await gate(self, 'hold')
  self.setOutput('again', first)
  self.setOutput('time', Date.now() > 0)`

/** Kills things, so it has a stack of its own: an engine that keeps nothing in memory, few recoveries. */
describe('the death of processes', { timeout: 240_000 }, () => {
  const at = useStack(undefined, {
    env: { MILLRACE_ENGINE_WARM: '1', MILLRACE_MAX_RECOVERIES: '2' },
  })

  item(
    ['3.8', '3.9', '4.3', 'D30'],
    'an execution that waits survives the death of its engine, and its finished step is not done again',
    async () => {
      const started = await at.rig.start(WORK)
      const before = await at.rig.reaches(started.id, 'WAITING_DEPENDENCY')
      const { first } = before.output_value as { first: number }
      await at.stack.killAndAwait('engine')
      assert.equal((await at.stack.client.executions.get(started.id)).status, 'WAITING_DEPENDENCY')
      await at.rig.openGate(started.id, 'hold')
      const ended = await at.rig.ended(started.id, 60)
      assert.deepEqual(ended.output_value, { first, again: first, time: true }, ended.message ?? '')
    },
  )

  item(['3.7', 'D32'], 'a run that was put away from memory goes on where it was', async () => {
    // The engine keeps one suspended execution: the second and third make it forget the first.
    const [first, ...others] = await Promise.all([0, 1, 2].map(() => at.rig.start(WORK)))
    for (const one of [first, ...others]) await at.rig.reaches(one?.id ?? '', 'WAITING_DEPENDENCY')
    for (const one of [first, ...others]) {
      await at.rig.openGate(one?.id ?? '', 'hold')
      const ended = await at.rig.ended(one?.id ?? '')
      const output = ended.output_value as { first: number; again: number }
      assert.equal(output.first, output.again, ended.message ?? '')
    }
  })

  item(
    '3.LOST',
    'code that loses its engine again and again stays LOST with the reason, until it is resumed',
    async () => {
      const started = await at.rig.start(`for (let i = 0; i < 3e9; i += 1); return 1`)
      const lost = await until(
        async () => {
          const now = await at.stack.client.executions.get(started.id)
          if (now.status === 'LOST') return now
          if (now.status === 'AT_ENGINE') at.stack.kill('engine')
          return null
        },
        { what: 'it stays LOST', timeoutMs: 150_000 },
      )
      assert.match(lost.message ?? lost.why?.reason ?? '', /process[\s\S]*in a row[\s\S]*[Rr]esume/)
      assert.equal(lost.ended_at, null)
      const why = await at.rig.why(started.id)
      assert.deepEqual(
        why.unblock?.map(({ action }) => action),
        ['resume', 'cancel'],
      )
      const cancelled = await at.stack.client.executions.cancel(started.id)
      assert.equal(cancelled.status, 'ENDED_CANCELLED')
    },
  )
})
