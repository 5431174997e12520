import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { until } from '../../stack/until.ts'
import type { EffectRow } from '../evidence.ts'
import { type EffectRequest, startEffectStub } from './effect-stub.ts'

describe('the third party', () => {
  const started = async (seed = 1) => {
    const rows: EffectRow[] = []
    const stub = await startEffectStub({ seed, log: (row) => rows.push(row) })
    const send = (body: EffectRequest, method = 'PUT') =>
      fetch(stub.url, {
        method,
        body: JSON.stringify(body),
        signal: AbortSignal.timeout(5_000),
      }).then(
        async (answer) => [answer.status, await answer.json()],
        () => ['no answer'],
      )
    return { stub, rows, send, [Symbol.asyncDispose]: () => stub[Symbol.asyncDispose]() }
  }

  test('does each effect once and says so when it is asked again', async () => {
    await using world = await started()
    world.stub.behave()
    await world.send({ key: 'a', execution: 'x' })
    await world.send({ key: 'a', execution: 'x' })
    assert.deepEqual(
      world.rows.map(({ acted, repeated }) => [acted, repeated]),
      [
        [true, false],
        [false, true],
      ],
    )
  })

  test('refuses a token below the highest it has seen of that lock', async () => {
    await using world = await started()
    world.stub.behave()
    const use = (key: string, token: number) =>
      world.send({ key, execution: 'x', lock: 'l', token, phase: 'enter' })
    assert.deepEqual(await use('a', 2), [200, { done: 'a', stale: false }])
    assert.deepEqual(await use('b', 1), [200, { done: 'b', stale: true }])
    assert.deepEqual(await use('c', 2), [200, { done: 'c', stale: false }])
    assert.deepEqual(
      world.rows.map(({ acted, stale }) => [acted, stale]),
      [
        [true, false],
        [false, true],
        [true, false],
      ],
    )
  })

  test('misbehaves by its seed, and notes what really happened', async () => {
    const fates = async (seed: number): Promise<string[]> => {
      await using world = await started(seed)
      const keys = Array.from({ length: 60 }, (_, n) => `key ${n}`)
      for (const key of keys) void world.send({ key, execution: 'x' })
      await until(() => world.rows.length === keys.length, { what: 'all of them have arrived' })
      for (const row of world.rows)
        assert.equal(row.acted, row.answer !== 'error' && row.answer !== 'hung')
      return world.rows
        .toSorted((a, b) => a.key.localeCompare(b.key))
        .map(({ key, answer }) => `${key} ${answer}`)
    }
    const first = await fates(4)
    assert.deepEqual(await fates(4), first)
    assert.notDeepEqual(await fates(5), first)
    assert.ok(first.some((fate) => !fate.endsWith(' ok')))
  })

  test('knows what may come again by how it is sent', async () => {
    await using world = await started()
    world.stub.behave()
    await world.send({ key: 'a', execution: 'x' }, 'POST')
    await world.send({ key: 'b', execution: 'x' }, 'PUT')
    assert.deepEqual(
      world.rows.map(({ mode }) => mode),
      ['post', 'put'],
    )
  })
})
