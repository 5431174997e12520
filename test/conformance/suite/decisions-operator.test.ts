import assert from 'node:assert/strict'
import { describe } from 'node:test'
import { ApiError, type Execution } from '@millrace/client'
import { until, useStack } from '../../stack/index.ts'
import { item } from '../harness.ts'

/** Takes the processor for a moment, and asks nothing of anybody. */
const busy = (turns: number): string =>
  `let n = 0; for (let i = 0; i < ${turns}; i += 1) n += i % 3; return n`

/** What an operator sets is a stack's own: one execution in hand, and a minute until it is removed. */
describe('decisions that an operator has a say in', { concurrency: 2, timeout: 240_000 }, () => {
  const at = useStack(undefined, {
    env: { MILLRACE_ENGINE_IN_FLIGHT: '1', MILLRACE_RETENTION_MINUTES: '1' },
  })

  item(
    'D12',
    'what is above 0 does not wait behind what is at 0, and what is below has its turn',
    async () => {
      const { rig } = at
      const first = await rig.start(busy(4e8))
      await rig.reaches(first.id, 'AT_ENGINE')
      const low = await rig.start(busy(1e8), {}, { priority: -1 })
      const normal: Execution[] = []
      for (let n = 0; n < 8; n += 1) normal.push(await rig.start(busy(1e8)))
      const high = await rig.start(busy(1e8), {}, { priority: 1 })
      const startOf = async ({ id }: Execution) =>
        Date.parse((await rig.ended(id, 120)).started_at ?? '')
      const highAt = await startOf(high)
      const starts = await Promise.all(normal.map(startOf))
      const before = starts.filter((startedAt) => startedAt < highAt)
      assert.ok(before.length <= 3, `${before.length} of ${normal.length} were first`)
      assert.equal((await rig.ended(low.id, 120)).status, 'ENDED_SUCCESS')
    },
  )

  item(
    'D20',
    'a tree goes by itself some time after its last member has ended, and not while one lives',
    async () => {
      const { rig } = at
      const { executions } = at.stack.client
      const isThere = (id: string): Promise<boolean> =>
        executions.get(id).then(
          () => true,
          (error: unknown) => {
            if (error instanceof ApiError && error.status === 404) return false
            throw error
          },
        )
      const sleeper = `export default (system, self) => self.sleep(3600)`
      const kept = await rig.run(`await self.script(inputs.sleeper, {}, { wait: false })`, {
        sleeper,
      })
      const gone = await rig.run(`await self.script('export default () => 1')`)
      const [child] = await rig.children(gone.id)
      await until(async () => !(await isThere(gone.id)), {
        what: 'it is removed',
        timeoutMs: 150_000,
      })
      assert.ok(Date.now() - Date.parse(gone.ended_at ?? '') > 55_000, 'it was removed too early')
      assert.equal(await isThere(child?.id ?? ''), false)
      assert.equal(await isThere(kept.id), true)
      const [living] = await rig.children(kept.id)
      await executions.cancel(living?.id ?? '')
    },
  )
})
