import assert from 'node:assert/strict'
import { after, describe, test } from 'node:test'
import { cutHistory, type Json } from '@millrace/replay'
import fc from 'fast-check'
import { randomCalls, sourceOf } from './random-calls.ts'
import { refused, TestRun, testSandbox, type AnswersItself } from './testing.ts'

const sandbox = testSandbox()
after(() => sandbox.close())

const CUT_AT = 50_000
const itself: AnswersItself = (command) =>
  (command.kind === 'call' || command.kind === 'start') && command.child.flow === 'unknown'
    ? refused('ResourceNotFoundError', 'no such flow')
    : null

/** The next life of a run, begun after call `seq`. */
async function lifeAfter(run: TestRun, source: string, seq: number): Promise<TestRun> {
  const [id = '', generation = ''] = run.key.split(':')
  const next = new TestRun(sandbox, source, {
    itself,
    key: `${id}:${Number(generation) + 1}`,
    generation: Number(generation) + 1,
  })
  const life = { id, generation: Number(generation), startedAt: 1_000 }
  const answers = run.answers.map(({ position, seq: of, outcome }) => ({
    position,
    seq: of,
    kind: outcome.kind,
  }))
  const cut = cutHistory({ life, history: run.history, answers }, seq, CUT_AT)
  assert.equal(cut.kind, 'cut')
  if (cut.kind !== 'cut') return next
  next.history.push(...cut.entries)
  const kept = run.answers.filter((one) => one.seq <= cut.seq && one.position <= cut.lastPosition)
  next.answers.push(...kept.map((one, at) => ({ ...one, position: at + 1 })))
  assert.equal(kept.length, cut.kept)
  return next.again()
}

/** What a later replay gets: the first has asked for everything. */
const withoutAgain = (run: TestRun) => run.history.map(({ again: _, ...entry }) => entry)

async function toItsEnd(run: TestRun, choices: Iterator<number>): Promise<TestRun> {
  while (run.end === null) {
    const { open } = run.last
    const choice = Number(choices.next().value)
    const seq = open[choice % open.length] ?? 0
    await run.answer(seq, run.good(seq, choice))
  }
  return run
}

test(
  'from every savepoint another life comes to its end, and replays as it ran',
  { timeout: 240_000 },
  async () => {
    await fc.assert(
      fc.asyncProperty(randomCalls, fc.infiniteStream(fc.nat(1_000)), async (root, choices) => {
        const source = sourceOf(root)
        const run = new TestRun(sandbox, source, { itself })
        await toItsEnd(await run.start(), choices)
        assert.equal(run.end?.status, 'ENDED_SUCCESS')
        const children = new Map(
          run.commands.flatMap((made) => ('child' in made ? [[made.seq, made.child.id]] : [])),
        )
        for (let seq = 0; seq <= run.history.length; seq++) {
          const next = await lifeAfter(run, source, seq)
          const inherited = next.history.slice(0, seq)
          assert.deepEqual(
            next.results[0]?.commands.filter(({ again }) => again === true).map((made) => made.seq),
            inherited.filter(({ again }) => again === true).map((entry) => entry.seq),
          )
          await toItsEnd(next, choices)
          assert.equal(next.end?.status, 'ENDED_SUCCESS', next.end?.message ?? '')
          for (const made of next.commands) {
            if (!('child' in made)) continue
            const isOld = [...children.values()].includes(made.child.id)
            assert.equal(isOld, made.again === true, `call ${made.seq} after ${seq}`)
          }
          const starting = next.starting()
          assert.equal(starting.kind, 'start')
          const replayed = await next.run({ ...starting, history: withoutAgain(next) })
          assert.deepEqual(replayed.end, next.end)
          assert.deepEqual([replayed.entries, replayed.commands], [[], []])
          sandbox.forget('w', next.key)
        }
      }),
      { seed: 20_261_122, numRuns: 60 },
    )
  },
)

describe('a life after a revert', () => {
  const CHANCE = `export default async (system, self) => {
    const told = []
    const tell = () => told.push([Math.random(), Date.now()])
    tell()
    await self.flow('a')
    tell()
    const inside = await self.step('s', () => Math.random())
    await self.flow('b')
    tell()
    return { told, inside }
  }`

  test('draws the same chance up to the savepoint and another one after it, and time goes on', async () => {
    const run = new TestRun(sandbox, CHANCE)
    await (await run.start()).answerFirst()
    await run.answerFirst()
    const next = await lifeAfter(run, CHANCE, 1)
    await next.answerFirst()
    const [before, then] = [run, next].map(
      (one) => one.end?.output as { told: [number, number][]; inside: number },
    )
    assert.deepEqual(then?.told.slice(0, 2), before?.told.slice(0, 2))
    assert.notEqual(then?.told[2]?.[0], before?.told[2]?.[0])
    assert.notEqual(then?.inside, before?.inside)
    assert.equal(then?.told[2]?.[1], CUT_AT, 'no call of the new life sees an earlier time')
  })

  test('sets again what it inherits, and nothing that came after', async () => {
    const source = `export default async (system, self) => {
      self.setOutput('a', 1)
      self.save({ message: 'one', name: 'first' })
      await self.flow('a')
      self.setOutput('b', 2)
      self.save({ message: 'two' })
      await self.flow('b')
    }`
    const run = new TestRun(sandbox, source)
    await (await run.start()).answerFirst()
    const next = await lifeAfter(run, source, 3)
    assert.deepEqual(next.results[0]?.fields, {
      name: 'first',
      message: 'two',
      output: { a: 1, b: 2 },
    })
    const earlier = await lifeAfter(run, source, 2)
    assert.deepEqual(earlier.results[0]?.fields, {
      name: 'first',
      message: 'one',
      output: { a: 1 },
    })
  })
})

describe('going back from inside', () => {
  const runOf = async (body: string, input: Json = {}) => {
    const source = `export default async (system, self, inputs) => { ${body} }`
    const run = new TestRun(sandbox, source, { input })
    await run.start()
    return { run, source }
  }

  test('ends the life at the savepoint of that name, and the savepoint tells how often', async () => {
    const { run, source } = await runOf(`
      const times = await self.savepoint('here')
      await self.flow('a')
      if (times < 2) self.revert('here')
      return times`)
    let life = run
    for (const expected of [1, 2]) {
      await life.answerFirst()
      assert.deepEqual([life.end?.reason, life.end?.to], ['reverted', 1])
      assert.deepEqual(
        life.history.map(({ kind, label }) => [kind, label]),
        [
          ['savepoint', 'here'],
          ['call', 'a'],
          ['revert', 'here'],
        ],
      )
      const again = await life.run(life.starting())
      assert.deepEqual([again.end, again.entries], [life.end, []], 'a crash in between')
      life = await lifeAfter(life, source, 1)
      assert.deepEqual(life.history[0]?.outcome, { kind: 'value', value: { v: expected } })
    }
    await life.answerFirst()
    assert.deepEqual([life.end?.status, life.end?.output], ['ENDED_SUCCESS', 2])
  })

  test('takes the newest of a name, the number of a call, or the beginning', async () => {
    const twice = await runOf(`
      await self.saveDump('x'); await self.step('s', () => 1); await self.saveDump('x'); self.loadDump('x')`)
    assert.equal(twice.run.end?.to, 3)
    const byNumber = await runOf(
      `await self.step('a', () => 1); await self.step('b', () => 1); self.revert(1)`,
    )
    assert.equal(byNumber.run.end?.to, 1)
    assert.equal((await runOf(`self.revert(0)`)).run.end?.to, 0)
  })

  test('cannot be caught, and finally runs', async () => {
    const { run } = await runOf(`
      const names = []
      await self.savepoint('x')
      try { self.revert('x') } catch {} finally { names.push('finally') }
      await self.flow('never')`)
    assert.deepEqual([run.end?.reason, run.commands], ['reverted', []])
  })

  test('tells what is wrong with its argument, which can be caught', async () => {
    const { run } = await runOf(`
      await self.savepoint('x')
      const names = []
      for (const to of ['y', 7, -1, null])
        try { self.revert(to) } catch (error) { names.push(error.name + ': ' + error.message) }
      return names`)
    const [unknown = '', ...others] = (run.end?.output ?? []) as string[]
    assert.match(unknown, /^ResourceNotFoundError: .*"y"; it has made "x"/)
    for (const text of others) assert.match(text, /^InvalidInputError: self.revert: to must be/)
  })

  test('is refused inside a step', async () => {
    const { run } = await runOf(
      `return await self.step('s', () => { self.revert(0) }).catch((e) => e.name)`,
    )
    assert.equal(run.end?.output, 'EngineException')
  })
})
