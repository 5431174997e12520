import assert from 'node:assert/strict'
import { after, suite, test } from 'node:test'
import type { Stop } from '@millrace/replay'
import { TestRun, testSandbox } from '../testing.ts'
import { inspect } from './inspect.ts'
import { DebuggedRun } from './testing.ts'

const sandbox = testSandbox({ cpuMs: 1_000 })
const aside = testSandbox({ cpuMs: 1_000 })
after(() => Promise.all([sandbox.close(), aside.close()]))

const SOURCE = `import { EngineException } from '@millrace/flow-api'
const rate = 2
export default async function handler(system, self, inputs) {
  let total = 0
  for (const id of inputs.ids) {
    const child = await self.flow('price', { id })
    total += await add(child.output)
    self.log('so far', total)
  }
  await self.step('slow', async () => { await null; return 1 })
  self.setOutput('total', total)
  return total
  async function add(price) {
    const sum = await self.step('sum', () => {
      let product = 1
      for (const factor of [price, rate]) product *= factor
      return product
    })
    return sum
  }
}
function double(x) {
  const twice = x * 2
  return twice
}`

/** An execution of the ordinary kind, from its start to its end. */
async function ended(): Promise<TestRun> {
  const run = await new TestRun(sandbox, SOURCE, { input: { ids: [7, 8] } }).start()
  while (run.end === null) {
    const [seq = 0] = run.last.open
    await run.answer(seq, run.good(seq, seq * 10))
  }
  assert.equal(run.end.output === null, false)
  return run
}

async function look(run: TestRun, seq: number, expressions: readonly string[] = []): Promise<Stop> {
  const start = run.starting()
  assert.ok(start.kind === 'start')
  const script = { hash: 'h', language: 'javascript', source: SOURCE }
  const seen = await inspect(aside, { ...start, workspaceId: 'w', script, seq, expressions })
  assert.ok('stop' in seen, JSON.stringify(seen))
  return seen.stop
}

const of = ({ variables }: Stop, name: string) =>
  variables.find((variable) => variable.name === name)?.value

suite('an inspection', () => {
  test('shows an ended execution that was never debugged as it was at each of its calls', async () => {
    const run = await ended()
    const seen: unknown[] = []
    for (const { seq, kind } of run.history) {
      const stop = await look(run, seq)
      assert.equal(stop.seq, seq)
      seen.push([kind, stop.line, of(stop, 'id'), of(stop, 'total')])
    }
    assert.deepEqual(seen, [
      ['call', 6, 7, 0],
      ['step', 14, undefined, 0],
      ['log', 8, 7, 20],
      ['call', 6, 8, 20],
      ['step', 14, undefined, 20],
      ['log', 8, 8, 100],
      ['step', 10, undefined, 100],
      ['save', 11, undefined, 100],
    ])
  })

  test('shows who has called whom', async () => {
    const run = await ended()
    const { stack, variables } = await look(run, 5)
    assert.deepEqual(stack, [
      { name: 'add', line: 14, async: false },
      { name: 'handler', line: 7, async: false },
    ])
    assert.deepEqual(variables[0], { name: 'price', scope: 'local', type: 'number', value: 40 })
  })

  test('leaves nothing behind: no entries, no commands, nothing suspended', async () => {
    const run = await ended()
    const before = JSON.stringify([run.history, run.answers])
    await look(run, 4)
    assert.equal(JSON.stringify([run.history, run.answers]), before)
    assert.equal(aside.suspended(), 0)
    assert.deepEqual(await look(run, 4), await look(run, 4))
  })

  test('evaluates expressions, which may call functions and change what nobody will see', async () => {
    const run = await ended()
    const stop = await look(run, 6, [
      'total * rate',
      'total++',
      'total',
      'inputs.ids.map((x) => add.name + x)',
      'double(total)',
      'missing',
      'self.log("never")',
      '(() => { throw new TypeError("mine") })()',
    ])
    assert.deepEqual(stop.values, [
      { expression: 'total * rate', type: 'number', value: 200 },
      { expression: 'total++', type: 'number', value: 100 },
      { expression: 'total', type: 'number', value: 101 },
      { expression: 'inputs.ids.map((x) => add.name + x)', type: 'array', value: ['add7', 'add8'] },
      { expression: 'double(total)', type: 'number', value: 202 },
      { expression: 'missing', error: 'ReferenceError: missing is not defined' },
      { expression: 'self.log("never")', error: 'LifecycleSignal: the execution has ended' },
      { expression: '(() => { throw new TypeError("mine") })()', error: 'TypeError: mine' },
    ])
    assert.equal(of(stop, 'total'), 100)
  })

  test('of an expression without end fails by the limit, and says so', async () => {
    const run = await ended()
    const start = run.starting()
    assert.ok(start.kind === 'start')
    const script = { hash: 'h', language: 'javascript', source: SOURCE }
    const request = { ...start, workspaceId: 'w', script, seq: 1 }
    const spin = await inspect(aside, { ...request, expressions: ['(() => { for (;;); })()'] })
    assert.match('failed' in spin ? spin.failed : '', /CPU time/)
    const wrong = await inspect(aside, { ...request, expressions: ['1 +'] })
    assert.match('failed' in wrong ? wrong.failed : '', /The expression "1 \+" is wrong/)
    const outside = await inspect(aside, { ...request, seq: 99 })
    assert.match('failed' in outside ? outside.failed : '', /1 to 8, not 99/)
    const long = await inspect(aside, { ...request, expressions: ['1'.repeat(5_000)] })
    assert.match('failed' in long ? long.failed : '', /at most 4096 characters/)
    const other = await inspect(aside, { ...request, seq: 3, input: { ids: [] } })
    assert.match('failed' in other ? other.failed : '', /has left its history at call 1/)
  })

  test('shows a call beside a running asynchronous step without its variables', async () => {
    const source = `export default async (system, self) => {
  const slow = self.step('slow', async () => { await null; return 1 })
  const before = 1
  self.log(before)
  await slow
}`
    const run = await new TestRun(sandbox, source).start()
    const start = run.starting()
    assert.ok(start.kind === 'start')
    const script = { hash: 'beside', language: 'javascript', source }
    const seen = await inspect(aside, { ...start, workspaceId: 'w', script, seq: 2 })
    assert.ok('stop' in seen)
    assert.deepEqual([seen.stop.line, seen.stop.hit, seen.stop.variables], [4, 0, []])
  })
})

suite('an inspection of a debugged execution', () => {
  test('shows every stop that it has made as it was shown then', async () => {
    const breakpoints = [6, 16, 17, 19]
    const options = { input: { ids: [7, 8] }, breakpoints }
    const run = await new DebuggedRun(sandbox, SOURCE, options).start()
    while (run.end === null) await (run.isStopped ? run.go() : run.answerFirst())
    // Of the loop on one line: once before it, once in every turn.
    assert.equal(run.stops.length, 12)
    for (const stop of run.stops) {
      const seen = await run.inspect(stop.seq)
      assert.deepEqual('stop' in seen ? { ...seen.stop, reason: stop.reason } : seen, stop)
    }
    const end = run.history.find(({ kind }) => kind === 'step_end')
    const seen = await run.inspect(end?.seq ?? 0)
    assert.deepEqual('stop' in seen && [seen.stop.line, seen.stop.seq], [14, end?.seq])
  })

  test('shows the one that it stands at, with what one asks of it', async () => {
    const options = { input: { ids: [7, 8] }, breakpoints: [17] }
    const run = await new DebuggedRun(sandbox, SOURCE, options).start()
    await run.answer(1, run.good(1, 30))
    const seen = await run.inspect(run.stop.seq, ['product + price', 'factor'])
    assert.ok('stop' in seen)
    const { values, ...stop } = seen.stop
    assert.deepEqual({ ...stop, reason: 'breakpoint' }, run.stop)
    assert.deepEqual(
      values?.map((value) => ('error' in value ? value.error : value.value)),
      [90, 'ReferenceError: factor is not defined'],
    )
    await run.go()
    assert.equal(run.where, 'open 6')
  })
})
