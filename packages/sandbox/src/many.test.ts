import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { TestRun, testSandbox } from './testing.ts'

/** What an execution may have many of: work that grows with their square passes a limit here. */

const sandbox = testSandbox({ cpuMs: 2_000, memoryMib: 256 })
after(() => sandbox.close())

const flow = (body: string) =>
  `export default async function handler(system, self, inputs) {\n${body}\n}`
const begin = (body: string) => new TestRun(sandbox, flow(body)).start()

test('a wait for very many executions is over within the limit of CPU time', async () => {
  const run = await begin(
    "const all = Array.from({ length: 40000 }, (_, i) => 'x' + i); const done = await self.waitFor(all); return [done.length, done[39999].id, done[39999].status]",
  )
  await run.answerFirst()
  assert.deepEqual(run.end?.output, [40_000, 'x39999', 'ENDED_SUCCESS'])
})

test('all that stand for one execution learn of its end, each given back once', async () => {
  const run = await begin(
    "const [a, b, other] = ['x', 'x', 'y'].map((id) => system.execution(id)); const done = await self.waitFor([a, b, a, other]); return [a.status, b.status, b.output, done.length, done.indexOf(a), done.indexOf(b), done.indexOf(other)]",
  )
  await run.answer(1, {
    kind: 'dependency',
    verdict: 'met',
    ended: ['x', 'y'].map((id) => ({
      id,
      status: 'ENDED_SUCCESS' as const,
      message: null,
      output: { v: 7 },
    })),
  })
  assert.deepEqual(run.end?.output, ['ENDED_SUCCESS', 'ENDED_SUCCESS', 7, 3, 0, 1, 2])
})

test('an output may be set in very many small pieces', async () => {
  const run = await begin(
    "for (let i = 0; i < 20000; i++) self.setOutput({ ['k' + i]: i, last: i }); self.setOutput({ k0: 'over' })",
  )
  const output = (run.end?.output ?? {}) as Record<string, unknown>
  const { k0, k19999, last, ...others } = output
  assert.deepEqual([k0, k19999, last, Object.keys(others).length], ['over', 19_999, 19_999, 19_998])
})

test('an output in pieces is measured as a whole', async () => {
  const small = testSandbox({ payloadBytes: 100 })
  after(() => small.close())
  const set = (...pieces: object[]) =>
    new TestRun(
      small,
      flow(pieces.map((piece) => `self.setOutput(${JSON.stringify(piece)})`).join(';')),
    ).start()
  const fits = { a: 'x'.repeat(42), b: 'ä'.repeat(21) }
  assert.equal(JSON.stringify(fits).length + 21, 99)
  assert.deepEqual((await set({ a: fits.a }, { b: fits.b })).end?.output, fits)
  assert.deepEqual((await set({ a: 'y'.repeat(90) }, fits)).end?.output, fits)
  const full = { ...fits, a: `${fits.a}x` }
  assert.deepEqual((await set({ b: fits.b }, { a: full.a })).end?.output, full)
  const over = await set({ a: `${fits.a}xx` }, { b: fits.b })
  assert.match(over.end?.message ?? '', /^The output is larger than the limit of 100 bytes/)
})

test('pieces go into an output that was set whole, and replace one that has no keys', async () => {
  const set = (whole: string) =>
    begin(
      `self.save({ output_value: ${whole} }); self.setOutput({ b: 2 }); self.setOutput({ c: 3 }); return self.get('output_value').then((o) => self.success(JSON.stringify(o)))`,
    )
  for (const [whole, wanted] of [
    ['{ a: 1, b: 1 }', { a: 1, b: 2, c: 3 }],
    ['[1]', { b: 2, c: 3 }],
    ["'text'", { b: 2, c: 3 }],
  ] as const) {
    const run = await set(whole)
    assert.deepEqual(run.end?.output, wanted)
    assert.equal(run.end.message, JSON.stringify(wanted))
  }
})

test('a history that a replay has passed takes no memory of the realm', async () => {
  const source = flow(
    "for (let i = 0; i < 10; i++) await self.step('s' + i, () => String(i).repeat(1000000)); await self.sleep(1); await self.sleep(2); return 1",
  )
  const own = testSandbox({ memoryMib: 64 })
  after(() => own.close())
  const first = await new TestRun(own, source).start()
  const others = Array.from({ length: 12 }, () => new TestRun(own, source))
  for (const other of others) {
    other.history.push(...first.history)
    await other.again()
    assert.deepEqual([other.last.end, other.last.open], [null, [11]])
  }
  // None of them was lost beside the others, and each goes on behind what it has let go of.
  for (const other of others) {
    await other.answer(11, { kind: 'value', value: { v: null } })
    assert.deepEqual(other.last.open, [12])
    await other.answer(12, { kind: 'value', value: { v: null } })
    assert.deepEqual([other.end?.status, other.end?.output], ['ENDED_SUCCESS', 1])
  }
})

test('of very many open calls a result names the oldest', async () => {
  const run = await begin(
    'await Promise.all(Array.from({ length: 1000 }, () => self.sleep(1))); return 1',
  )
  const oldest = (from: number) => Array.from({ length: 16 }, (_, at) => from + at)
  assert.deepEqual(run.last.open, oldest(1))
  for (let seq = 1; seq <= 985; seq++) {
    assert.deepEqual(run.last.open, oldest(seq))
    await run.answerFirst()
  }
  for (let seq = 1_000; seq > 985; seq--) await run.answer(seq, run.good(seq))
  assert.deepEqual([run.last.open, run.end?.output], [[], 1])
})
