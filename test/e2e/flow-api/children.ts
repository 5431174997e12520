import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { StackInUse } from '../../stack/index.ts'
import { untilChild } from './until-child.ts'

/** flow, script, wait, run and what comes of children. */
export function children(at: StackInUse): void {
  describe('children', { concurrency: true }, () => {
    test('a child is awaited by default and its output is at hand', async () => {
      const output = await at.rig.output(`
        const child = await self.flow('double', { n: 21 })
        return { status: child.status, output: child.output, got: await child.get('output_value'), name: child.name }`)
      assert.deepEqual(output, {
        status: 'ENDED_SUCCESS',
        output: { twice: 42 },
        got: { twice: 42 },
        name: 'double',
      })
    })

    test('a child knows its parent, its root and its flow', async () => {
      const parent = await at.rig.run(`await self.flow('double', { n: 1 }, { name: 'my child' })`)
      const [child] = await at.rig.children(parent.id)
      assert.ok(child !== undefined)
      assert.equal(child.parent_execution_id, parent.id)
      assert.equal(child.top_execution_id, parent.id)
      assert.equal(child.name, 'my child')
      assert.equal(child.flow_name, 'double')
      assert.deepEqual(child.input_value, { n: 1 })
      assert.equal(child.type, 'FLOW')
      assert.equal(parent.type, 'SCRIPT')
    })

    test('with wait: false the parent goes on at once and may end before its child', async () => {
      const parent = await at.rig.run(`
        const child = await self.flow('late', { seconds: 1 }, { wait: false })
        return { id: child.id, status: child.status }`)
      const { id } = parent.output_value as { id: string }
      const child = await at.rig.ended(id)
      assert.equal(child.status, 'ENDED_SUCCESS')
      assert.ok(Date.parse(child.ended_at ?? '') > Date.parse(parent.ended_at ?? ''))
    })

    test('with run: false the child stands still until it is run', async () => {
      const parent = await at.rig.start(`
        const child = await self.flow('double', { n: 4 }, { run: false })
        await gate(self, 'look')
        await child.run()
        return child.output`)
      const child = await untilChild(at, parent.id, 'double')
      assert.equal(child.status, 'PAUSED')
      await at.rig.openGate(parent.id, 'look')
      assert.deepEqual((await at.rig.ended(parent.id)).output_value, { twice: 8 })
    })

    test('a child that fails throws DependencyFailedError with what failed', async () => {
      const output = await at.rig.output(`
        try { await self.flow('fails') } catch (error) {
          return { name: error.name, message: error.message, failed: error.executions.map((e) => e.status) }
        }`)
      const { name, message, failed } = output as {
        name: string
        message: string
        failed: string[]
      }
      assert.equal(name, 'DependencyFailedError')
      assert.match(message, /fails.*no good/s)
      assert.deepEqual(failed, ['ENDED_ERROR'])
    })

    test('a failure that nobody catches fails the parent too', async () => {
      const parent = await at.rig.run(`await self.flow('fails')`)
      assert.equal(parent.status, 'ENDED_ERROR')
      assert.match(parent.message ?? '', /DependencyFailedError.*no good/s)
    })

    test('a child that is cancelled counts as failed', async () => {
      const output = await at.rig.output(
        `try { await self.flow('cancels') } catch (error) { return [error.name, error.executions[0].status] }`,
      )
      assert.deepEqual(output, ['DependencyFailedError', 'ENDED_CANCELLED'])
    })

    test('with wait: ALL_ENDED a failure is looked at and not thrown', async () => {
      assert.equal(
        await at.rig.output(`return (await self.flow('fails', {}, { wait: 'ALL_ENDED' })).status`),
        'ENDED_ERROR',
      )
    })

    test('a flow that does not exist throws ResourceNotFoundError naming it', async () => {
      const output = await at.rig.output(
        `try { await self.flow('nowhere') } catch (error) { return [error.name, error.message] }`,
      )
      const [name, message] = output as [string, string]
      assert.equal(name, 'ResourceNotFoundError')
      assert.match(message, /nowhere/)
    })

    test('a flow may start itself', async () => {
      await at.rig.flow(
        'countdown',
        `return inputs.n === 0 ? 0 : 1 + (await self.flow('countdown', { n: inputs.n - 1 })).output`,
      )
      assert.equal(await at.rig.output(`return (await self.flow('countdown', { n: 5 })).output`), 5)
    })

    test('a script is a child without a flow', async () => {
      const parent = await at.rig.run(`
        const child = await self.script('export default (system, self, inputs) => inputs.a + 1', { a: 1 })
        return [child.type, child.output]`)
      assert.deepEqual(parent.output_value, ['SCRIPT', 2])
    })

    test('a child made again under the same parent is another child', async () => {
      const parent = await at.rig.run(
        `for (let n = 0; n < 3; n += 1) await self.flow('double', { n })`,
      )
      assert.equal((await at.rig.children(parent.id)).length, 3)
    })
  })
}
