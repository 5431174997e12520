import assert from 'node:assert/strict'
import { after, describe, test } from 'node:test'
import { TestRun, testSandbox } from './testing.ts'

const sandbox = testSandbox()
after(() => sandbox.close())

const RESTING = 'await self.sleep(1)'

/** Runs a handler's body, answers all it waits for, and replays it from each state it was warm in. */
async function liveAndReplayed(body: string): Promise<TestRun> {
  const source = `export default async function handler(system, self) {\n${body}\n}`
  const run = await new TestRun(sandbox, source).start()
  const stages = [{ entries: run.history.length, result: run.last }]
  while (run.end === null) {
    await run.answerFirst()
    stages.push({ entries: run.history.length, result: run.last })
  }
  for (const [answers, { entries, result }] of stages.entries()) {
    const again = await run.run(run.starting(entries, answers))
    assert.deepEqual(again.end, result.end, body)
    assert.deepEqual(again.entries, [], body)
    assert.deepEqual(again.open, result.open, body)
    sandbox.forget('w', run.key)
  }
  return run
}

/** Ways to go on that leave V8 no call stack that leads back to the step. */
const CUT: Record<string, string> = {
  'a promise that two await': 'const p = later(work); p.then(() => 0); return p.then((v) => v)',
  'a promise made by hand':
    'return new Promise((resolve, reject) => { later(work).then(resolve, reject) })',
  'a race': 'return Promise.race([later(work)])',
  'a hundred callers': `const down = async (n) => n === 0 ? later(work) : await down(n - 1); return down(150)`,
  'a promise that nobody awaits': 'void later(work); for (let i = 0; i < 9; i++) await null',
  'a thenable': 'return { then(resolve) { resolve(work()) } }',
}
const LATER = 'const later = async (work) => { await null; return work() }'

describe('an asynchronous step', () => {
  for (const [how, code] of Object.entries(CUT)) {
    test(`draws from a chance of its own behind ${how}`, async () => {
      const run = await liveAndReplayed(`${LATER}
        const before = Math.random()
        await self.step('a', async () => {
          const work = () => [Math.random(), crypto.randomUUID()]
          ${code}
        })
        const between = [Math.random(), crypto.randomUUID()]
        ${RESTING}
        return [before, between, Math.random()]`)
      assert.equal(run.end?.status, 'ENDED_SUCCESS')
    })

    test(`is refused calls behind ${how}`, async () => {
      const run = await liveAndReplayed(`${LATER}
        await self.step('a', async () => {
          const work = () => { try { self.log('x'); return 'made' } catch (e) { return e.message } }
          ${code}
        }).then((said) => self.log(said))
        ${RESTING}`)
      const [said] = run.logs.map((values) => String(values))
      if (how !== 'a promise that nobody awaits')
        assert.match(said ?? '', /^self\.log cannot be called inside the step "a"/)
      assert.deepEqual(run.logs.length, 1)
    })
  }

  test('leaves what runs beside it its own chance and its calls', async () => {
    const run = await liveAndReplayed(`${LATER}
      const noted = []
      const note = async (n, promise) => { const value = await promise; noted.push([n, value, Math.random()]); self.log(n) }
      const beside = async (n) => {
        await null; noted.push(Math.random())
        const forked = Promise.resolve(n); forked.then(() => 0)
        await forked.then(() => { noted.push(Math.random()); self.log('forked') })
        await self.sleep(n); noted.push(Math.random())
      }
      await Promise.all([
        note(1, self.step('a', async () => { const p = later(Math.random); p.then(() => 0); return p.then((v) => v) })),
        beside(1),
        note(2, self.step('b', async () => new Promise((resolve) => { later(Math.random).then(resolve) }))),
        beside(2),
        Promise.race([note(3, self.step('c', async () => 1)), note(4, self.flow('f', { r: Math.random() }))]),
      ])
      return noted`)
    assert.equal(run.end?.status, 'ENDED_SUCCESS')
  })

  test('has each its own chance, whichever other runs', async () => {
    const run = await liveAndReplayed(`${LATER}
      const draw = async () => new Promise((resolve) => { later(Math.random).then(resolve) })
      const both = await Promise.all([self.step('a', draw), self.step('b', draw)])
      ${RESTING}
      return [...both, await self.step('c', () => Math.random()), Math.random()]`)
    const drawn = run.end?.output as number[]
    assert.equal(new Set(drawn).size, 4)
  })

  test('writes to the console at any place', async () => {
    const run = await liveAndReplayed(
      `await self.step('a', async () => { console.log(1); await null; console.log(2) }); ${RESTING}`,
    )
    assert.deepEqual(run.logs, [[1], [2]])
  })

  test('has its lines of the log at its own place among those of its neighbours', async () => {
    const run = await liveAndReplayed(`
      const said = ['a', 'b'].map((name) => self.step(name, async () => { await null; console.log(name) }))
      said.push(self.step('c', () => Promise.resolve().then(() => console.log('c'))))
      self.log('d')
      await Promise.all(said)
      self.log('e')`)
    assert.deepEqual(run.logs.flat(), ['a', 'b', 'c', 'd', 'e'])
  })

  test('that nobody awaits is recorded all the same', async () => {
    const run = await liveAndReplayed("self.step('a', async () => 1)")
    assert.deepEqual(run.history[0]?.outcome, { kind: 'value', value: { v: 1 } })
    const signalled = await liveAndReplayed("self.step('a', async () => 1); self.success('done')")
    assert.deepEqual(signalled.history[0]?.outcome, { kind: 'value', value: { v: 1 } })
  })
})

describe('a step that was given up', () => {
  const STUCK = "const p = self.sleep(1); const failed = self.step('a', async () => {"

  test('draws from its own chance when it goes on', async () => {
    const run = await liveAndReplayed(
      `${STUCK} await p; Math.random(); crypto.randomUUID() }).catch((e) => e.message)
       await p; await null; await null; await self.sleep(1)
       return [await failed, Math.random()]`,
    )
    assert.equal(run.end?.status, 'ENDED_SUCCESS')
  })

  test('is refused calls when it goes on', async () => {
    const run = await liveAndReplayed(
      `const seen = {}
       ${STUCK} await p; try { self.log('x') } catch (e) { seen.message = e.message } }).catch(() => 0)
       await p; await failed; await self.sleep(1)
       return await self.step('b', () => seen.message)`,
    )
    assert.match(String(run.end?.output), /self\.log cannot be called inside the step "a"/)
  })
})

test('a step that was given up is named by a replay that has left its history behind it', async () => {
  const source = `export default async (system, self) => {
    const p = self.sleep(1)
    await self.step('a', async () => new Promise((resolve) => { p.then(() => resolve(Math.random())) })).catch(() => 0)
    await p; await null
    self.log(Math.random())
    await self.sleep(1)
  }`
  const run = await new TestRun(sandbox, source).start()
  await run.answerFirst()
  const again = await run.run(run.starting())
  assert.match(again.end?.message ?? '', /step "a" awaited something outside of itself/)
})

describe('a callback that returns a promise without being an async function', () => {
  test('is told by its callers, however many', async () => {
    const run = await liveAndReplayed(
      `const down = async (n) => { await null; return n === 0 ? Math.random() : await down(n - 1) }
       await self.step('a', () => down(40)); ${RESTING}; return Math.random()`,
    )
    assert.equal(run.end?.status, 'ENDED_SUCCESS')
  })

  test('is named by a replay that has left its history behind it', async () => {
    const source = `export default async (system, self) => {
      await self.step('a', () => new Promise((resolve) => { Promise.resolve().then(() => resolve(Math.random())) }))
      self.log(Math.random())
      await self.sleep(1)
    }`
    const run = await new TestRun(sandbox, source).start()
    const again = await run.run(run.starting())
    assert.equal(again.end?.reason, 'diverged')
    assert.match(again.end?.message ?? '', /step "a".*Make it an async function/)
  })
})

describe('what JSON calls of the result of a step', () => {
  const RESULTS: Record<string, string> = {
    'a toJSON': '({ toJSON: () => used() })',
    'a getter': '({ get a() { return used() } })',
    'a then': '({ get then() { return used() } })',
    'the message of an error': "{ throw { name: 'x', get message() { return String(used()) } } }",
  }
  for (const [what, result] of Object.entries(RESULTS)) {
    const callback = result.startsWith('{') ? `() => ${result}` : `() => (${result})`
    for (const asynchronous of ['', 'async ']) {
      test(`belongs to the step: ${what} of ${asynchronous}${callback}`, async () => {
        const drawing = await liveAndReplayed(
          `const used = () => Math.random()
           await self.step('a', ${asynchronous}${callback}).catch(() => 0); ${RESTING}; return Math.random()`,
        )
        assert.equal(drawing.end?.status, 'ENDED_SUCCESS')
        const calling = await liveAndReplayed(
          `const used = () => { try { self.log('x') } catch (e) { return e.message } }
           await self.step('a', ${asynchronous}${callback}).catch(() => 0); ${RESTING}`,
        )
        assert.deepEqual(calling.logs, [])
      })
    }
  }
})
