import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { ApiError } from '@millrace/client'
import type { StackInUse } from '../../stack/index.ts'
import { untilChild } from './until-child.ts'

/** Promises, exceptions and scripts. */
export function language(at: StackInUse): void {
  describe('promises and exceptions', { concurrency: true }, () => {
    test('Promise.all runs children together', async () => {
      const ended = await at.rig.run(`
        const all = await Promise.all([0.6, 0.6, 0.6, 0.6].map((seconds) => self.flow('late', { seconds })))
        return all.map((child) => child.output)`)
      assert.deepEqual(ended.output_value, [0.6, 0.6, 0.6, 0.6])
      const children = await at.rig.children(ended.id)
      const lastStart = Math.max(...children.map((one) => Date.parse(one.created_at)))
      const firstEnd = Math.min(...children.map((one) => Date.parse(one.ended_at ?? '')))
      assert.ok(lastStart < firstEnd, 'all of them run before one has ended')
    })

    test('Promise.race has the first, and the loser goes on', async () => {
      const parent = await at.rig.run(`
        const slow = self.flow('late', { seconds: 2 })
        const fast = self.flow('late', { seconds: 0.1 })
        return (await Promise.race([slow, fast])).output`)
      assert.equal(parent.output_value, 0.1)
      const ends = await Promise.all(
        (await at.rig.children(parent.id)).map((child) => at.rig.ended(child.id)),
      )
      assert.deepEqual(
        ends.map((child) => child.status),
        ['ENDED_SUCCESS', 'ENDED_SUCCESS'],
      )
    })

    test('Promise.race between a child and a sleep is a timeout', async () => {
      assert.equal(
        await at.rig.output(
          `return await Promise.race([self.flow('late', { seconds: 20 }), self.sleep(0.2).then(() => 'late')])`,
        ),
        'late',
      )
    })

    test('Promise.any passes over what fails', async () => {
      assert.equal(
        await at.rig.output(
          `return (await Promise.any([self.flow('fails'), self.flow('late', { seconds: 0.1 })])).output`,
        ),
        0.1,
      )
    })

    test('Promise.allSettled tells all ends', async () => {
      const output = await at.rig.output(`
        const all = await Promise.allSettled([self.flow('fails'), self.flow('double', { n: 1 })])
        return all.map((one) => one.status)`)
      assert.deepEqual(output, ['rejected', 'fulfilled'])
    })

    test('try, catch and finally go around every call, in order', async () => {
      const output = await at.rig.output(`
        const order = []
        try {
          try { await self.flow('fails') } finally { order.push('inner'); await self.sleep(0.01) }
        } catch (error) { order.push(error.name) } finally { order.push('outer') }
        return order`)
      assert.deepEqual(output, ['inner', 'DependencyFailedError', 'outer'])
    })

    test('the exception classes can be imported and tell errors apart', async () => {
      const script = `
        import { DependencyFailedError, DependencyTimeoutError, EngineException, TimeoutExceededError } from '@millrace/flow-api'
        import type { Execution, System } from '@millrace/flow-api'
        export default async function handler(system: System, self: Execution): Promise<unknown> {
          const kinds: boolean[] = []
          try { await self.flow('fails') } catch (error) { kinds.push(error instanceof DependencyFailedError, error instanceof EngineException, error instanceof TimeoutExceededError) }
          try { await self.flow('late', { seconds: 30 }, { timeout: 0.2 }) } catch (error) { kinds.push(error instanceof DependencyTimeoutError, error instanceof TimeoutExceededError) }
          return kinds
        }`
      const created = await at.stack.client.executions.create({ script })
      const ended = await at.rig.ended(created.id)
      assert.deepEqual([ended.message, ended.output_value], [null, [true, true, false, true, true]])
    })

    for (const [body, name] of [
      [`await self.sleep(-1)`, 'InvalidInputError'],
      [`await self.flow('double', {}, { colour: 'red' })`, 'InvalidInputError'],
      [`await system.setting('nothing').acquire()`, 'ResourceNotFoundError'],
      [`await self.waitFor([], {})`, null],
    ] as const) {
      test(`\`${body}\` ${name === null ? 'is no error' : `throws ${name}`}`, async () => {
        assert.equal(
          await at.rig.output(`try { ${body}; return null } catch (error) { return error.name }`),
          name,
        )
      })
    }
  })

  describe('scripts', { concurrency: true }, () => {
    test('a flow that does not parse is refused with line and column', async () => {
      await assert.rejects(
        at.stack.client.flows.create({
          name: 'broken',
          script: 'export default () => {\n  let a = = 1\n}',
        }),
        (error: unknown) => {
          assert.ok(error instanceof ApiError)
          assert.equal(error.status, 422)
          const [field] = error.problem.errors
          assert.equal(field?.pointer, '/script')
          assert.equal(field?.line, 2)
          assert.ok(field?.column !== null)
          return true
        },
      )
    })

    test('an execution keeps the script it started with', async () => {
      await at.rig.flow('edited', `await gate(self, 'wait')\nreturn 'old'`)
      const started = await at.stack.client.executions.create({ flow_name: 'edited' })
      await untilChild(at, started.id, 'wait')
      await at.rig.flow('edited', `return 'new'`)
      await at.rig.openGate(started.id, 'wait')
      assert.equal((await at.rig.ended(started.id)).output_value, 'old')
      assert.equal(
        (await at.rig.ended((await at.stack.client.executions.create({ flow_name: 'edited' })).id))
          .output_value,
        'new',
      )
    })

    test('time and chance stand still between calls and go on after them', async () => {
      const output = await at.rig.output(`
        const a = Date.now(); for (let i = 0; i < 1e6; i += 1); const b = Date.now()
        await self.sleep(0.2)
        return [a === b, Date.now() - a >= 200, Math.random() !== Math.random()]`)
      assert.deepEqual(output, [true, true, true])
    })
  })
}
