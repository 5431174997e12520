import assert from 'node:assert/strict'
import { describe } from 'node:test'
import { item, useDoors } from '../harness.ts'

describe('savepoints and modes', { concurrency: 4, timeout: 120_000 }, () => {
  useDoors(async ({ rig }) => {
    await rig.flow('s04-double', 'return { twice: inputs.n * 2 }')
  })

  item(
    ['4.1', '4.2', 'D34'],
    'every call is a savepoint with number, line, name, time and outcome',
    async ({ rig, rest }) => {
      const ended = await rig.run(
        `await self.step('a', () => 1)\nawait self.sleep(0.01)\nawait self.flow('s04-double', { n: 1 })`,
      )
      const { status, json } = await rest('GET', `/execution/${ended.id}/savepoint`)
      assert.equal(status, 200)
      const items = json['items'] as Record<string, unknown>[]
      assert.deepEqual(
        items.map(({ lineno, name }) => [lineno, name]),
        [
          [2, 'a'],
          [3, '0.01 s'],
          [4, 's04-double'],
        ],
      )
      const numbers = items.map(({ seq }) => Number(seq))
      assert.deepEqual(
        numbers,
        numbers.toSorted((a, b) => a - b),
      )
      for (const one of items) {
        assert.equal(typeof one['command'], 'string')
        assert.ok(Date.parse(String(one['created_at'])) >= Date.parse(ended.created_at))
        assert.notEqual(one['state'], null)
      }
    },
  )

  item(
    ['5.1', '5.5a', 'D33'],
    'a run in development mode is one on request, and moves though nobody watches',
    async ({ rig }) => {
      const ended = await rig.run(
        `await self.sleep(0.2); return 'moved'`,
        {},
        { is_productive: false },
      )
      assert.deepEqual([ended.is_productive, ended.output_value], [false, 'moved'])
    },
  )

  item(
    '5.6',
    'children of a run in development mode are in development mode, down the tree',
    async ({ rig }) => {
      const root = await rig.run(
        `await self.script("export default async (system, self) => { await self.flow('s04-double', { n: 1 }) }")`,
        {},
        { is_productive: false },
      )
      const [child] = await rig.children(root.id)
      const [grandchild] = await rig.children(child?.id ?? '')
      assert.deepEqual([child?.is_productive, grandchild?.is_productive], [false, false])
      const productive = await rig.run(`await self.flow('s04-double', { n: 1 })`)
      assert.equal((await rig.children(productive.id))[0]?.is_productive, true)
    },
  )

  item('5.15', 'while it stands, lineno and last_command say where', async ({ rig, client }) => {
    const sleeper = await rig.start(`const a = 1\n\nawait self.sleep(3600)`)
    const asleep = await rig.reaches(sleeper.id, 'SCHEDULED')
    assert.equal(asleep.lineno, 4)
    assert.match(asleep.last_command ?? '', /sleep/)
    await client.executions.cancel(sleeper.id)
  })
})
