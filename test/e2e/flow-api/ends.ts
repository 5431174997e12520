import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { StackInUse } from '../../stack/index.ts'
import { untilChild } from './until-child.ts'

/** success, error, cancel, setOutput, save, return. */
export function ends(at: StackInUse): void {
  describe('the end', { concurrency: true }, () => {
    test('success ends with a message, and nothing after it runs', async () => {
      const ended = await at.rig.run(
        `self.setOutput('before', 1)\nself.success('all done')\nself.setOutput('after', 2)`,
      )
      assert.equal(ended.status, 'ENDED_SUCCESS')
      assert.equal(ended.message, 'all done')
      assert.deepEqual(ended.output_value, { before: 1 })
    })

    test('returning what success gives is the same', async () => {
      const ended = await at.rig.run(`return self.success('all done')`)
      assert.deepEqual([ended.status, ended.message], ['ENDED_SUCCESS', 'all done'])
    })

    test('error and cancel end so, with their message', async () => {
      const failed = await at.rig.run(`self.error('nope')`)
      assert.deepEqual([failed.status, failed.message], ['ENDED_ERROR', 'nope'])
      const cancelled = await at.rig.run(`self.cancel('enough')`)
      assert.deepEqual([cancelled.status, cancelled.message], ['ENDED_CANCELLED', 'enough'])
    })

    test('a signal that is caught stays the outcome: every later call throws it again', async () => {
      const ended = await at.rig.run(`
        try { self.error('first') } catch { }
        try { await self.sleep(0) } catch { }
        self.success('second')`)
      assert.deepEqual([ended.status, ended.message], ['ENDED_ERROR', 'first'])
    })

    test('an exception that nobody catches is the message, with the line', async () => {
      const ended = await at.rig.run(`const a = 1\nnull.b`)
      assert.equal(ended.status, 'ENDED_ERROR')
      assert.match(ended.message ?? '', /TypeError/)
      assert.match(ended.message ?? '', /:3:/)
    })

    test('a returned value is the output; nothing is null', async () => {
      assert.deepEqual((await at.rig.run(`return { a: [1, 'two', null, true] }`)).output_value, {
        a: [1, 'two', null, true],
      })
      assert.equal((await at.rig.run('')).output_value, null)
    })

    test('setOutput and save write fields while it runs', async () => {
      const started = await at.rig.start(`
        self.setOutput('step', 1)
        self.save({ name: 'renamed', message: 'half way' })
        await gate(self, 'look')
        self.setOutput('step', 2)`)
      const seen = await untilChild(at, started.id, 'look').then(() =>
        at.stack.client.executions.get(started.id),
      )
      assert.deepEqual(
        [seen.name, seen.message, seen.output_value],
        ['renamed', 'half way', { step: 1 }],
      )
      await at.rig.openGate(started.id, 'look')
      assert.deepEqual((await at.rig.ended(started.id)).output_value, { step: 2 })
    })

    test('awaiting what never comes is an error and not a wait for ever', async () => {
      const ended = await at.rig.run('await new Promise(() => {})')
      assert.equal(ended.status, 'ENDED_ERROR')
    })
  })
}
