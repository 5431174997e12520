import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { runCommand, until, useStack } from '../stack/index.ts'

const WORK = `
  const first = await self.step('first', () => Math.random())
  self.setOutput('first', first)
  await self.savepoint('middle')
  const child = await self.flow('worker', { n: 1 })
  self.setOutput('child', child.id)
  await gate(self, 'hold')
  self.setOutput('rest', await self.step('rest', () => Math.random()))`

interface Output {
  readonly first: number
  readonly child: string
  readonly rest?: number
}

/** Kills what runs it; with two engines, so that another takes over at once. */
describe('going back', { timeout: 300_000 }, () => {
  const at = useStack(({ rig }) => rig.flow('worker', 'return inputs.n'), {
    engines: 2,
  })
  const outputOf = async (id: string): Promise<Output> =>
    (await at.stack.client.executions.get(id)).output_value as unknown as Output

  test('a run goes on from its savepoint although every engine dies right after the revert', async () => {
    const { id } = await at.rig.start(WORK)
    await at.rig.reaches(id, 'WAITING_DEPENDENCY')
    await until(async () => (await outputOf(id)).child, { what: 'it stands at the gate' })
    const before = await outputOf(id)
    await at.stack.client.executions.revert(id, { name: 'middle' })
    at.stack.kill('engine')
    at.stack.kill('scheduler')
    const after = await until(
      async () => {
        const output = await outputOf(id)
        return output !== null && output.child !== undefined && output.child !== before.child
          ? output
          : null
      },
      { what: 'the child is started again', timeoutMs: 60_000 },
    )
    assert.equal(after.first, before.first)
    // Each life has a gate of its own; that of the former one is nobody's any more.
    const ended = await until(
      async () => {
        for (const gate of await at.rig.children(id))
          if (gate.name === 'hold' && gate.status === 'PAUSED')
            await at.stack.client.executions.resume(gate.id)
        const now = await at.stack.client.executions.get(id)
        return now.ended_at === null ? null : now
      },
      { what: 'it ends', timeoutMs: 60_000 },
    )
    assert.equal(ended.status, 'ENDED_SUCCESS', ended.message ?? '')
    assert.equal((await outputOf(id)).first, before.first)
  })

  test('code that goes back while its engines are killed comes to its end, each life once', async () => {
    const { id } = await at.rig.start(`
      const times = await self.savepoint('here')
      await self.flow('worker', { n: times })
      await self.sleep(0.05)
      if (times < 40) self.revert('here')
      return times`)
    for (const [n, lives] of [3, 8, 15, 25, 33].entries()) {
      await until(
        async () => (await at.stack.client.executions.reverts(id)).items.length >= lives,
        { what: `life ${lives}`, timeoutMs: 60_000 },
      )
      at.stack.kill('engine', 1 + (n % 2))
    }
    const ended = await at.rig.ended(id, 90)
    assert.deepEqual([ended.status, ended.output_value], ['ENDED_SUCCESS', 40], ended.message ?? '')
    const reverts = await at.stack.client.executions.reverts(id, { limit: 100 })
    assert.deepEqual(
      reverts.items.map(({ generation }) => generation),
      Array.from({ length: 40 }, (_, n) => n + 2),
    )
  })

  test('the command line lists savepoints, looks back, reverts and reruns', async () => {
    const millrace = (...argv: string[]) => runCommand(at.stack.home, argv)
    const { id } = await at.rig.run(`
      const drawn = await self.step('draw', () => Math.random())
      self.log('drawn', drawn)
      return { drawn, n: inputs.n ?? null }`)
    const listed = await millrace('execution', 'savepoints', id)
    assert.match(
      listed.out,
      /SEQ +ID +LINE +COMMAND[\s\S]*1 +1\.1 +3 +step +draw +done/,
      listed.err,
    )
    const stand = await millrace('execution', 'savepoint', id, '2')
    assert.match(stand.out, /savepoint +1\.2[\s\S]*log[\s\S]*drawn 0\./, stand.err)
    const drawn = (out: string) => (JSON.parse(out) as { drawn: number; n: unknown }).drawn
    const reverted = await millrace('execution', 'revert', id, '1', '--wait')
    assert.equal(reverted.exitCode, 0, reverted.err)
    const again = await millrace('execution', 'revert', id, '0', '--wait')
    assert.notEqual(drawn(again.out), drawn(reverted.out))
    assert.match((await millrace('execution', 'reverts', id)).out, /2 +1\.1[\s\S]*3 +2\.0/)
    const rerun = await millrace('execution', 'rerun', id, '-i', '{"n":5}', '--wait')
    assert.equal((JSON.parse(rerun.out) as { n: number }).n, 5, rerun.err)
    const forked = await millrace('execution', 'rerun', id, '--from', '1', '--wait')
    assert.equal(drawn(forked.out), drawn(again.out))
    const refused = await millrace('execution', 'revert', id, 'nowhere')
    assert.deepEqual(
      [refused.exitCode, refused.err.includes('no savepoint named "nowhere"')],
      [4, true],
    )
  })
})
