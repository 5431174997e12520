import assert from 'node:assert/strict'
import { after, suite, test } from 'node:test'
import { testSandbox, TestRun } from '../testing.ts'
import { DebuggedRun } from './testing.ts'

const sandbox = testSandbox()
after(() => sandbox.close())

/** The lines count from 2: the handler's head is line 1. */
const flow = (...lines: string[]) =>
  `export default async function handler(system, self, inputs) {\n${lines.join('\n')}\n}`

/** Runs on until the end, answering every stop and every call; where it stopped. */
async function finish(run: DebuggedRun): Promise<string[]> {
  const places: string[] = []
  for (let i = 0; i < 100 && run.end === null; i++) {
    if (!run.isStopped) await run.answerFirst()
    else {
      places.push(run.where)
      await run.go()
    }
  }
  return places
}

const LOOP = flow(
  'let sum = 0', // 2
  'for (const x of [1, 2, 3]) {', // 3
  '  sum += await twice(x)', // 4
  '}', // 5
  'return sum', // 6
  '', // 7
  'async function twice(x) {', // 8
  '  await self.sleep(x)', // 9
  '  return half(x) * 4', // 10
  '}', // 11
  'function half(x) {', // 12
  '  return x / 2', // 13
  '}', // 14
)

suite('a breakpoint', () => {
  test('stops before its line in every turn of a loop, with the variables of then', async () => {
    const run = await new DebuggedRun(sandbox, LOOP, { breakpoints: [4] }).start()
    const seen: unknown[] = []
    while (run.end === null) {
      if (!run.isStopped) await run.answerFirst()
      else {
        seen.push([run.where, run.stop.hit, run.variable('x'), run.variable('sum')])
        await run.go()
      }
    }
    assert.deepEqual(seen, [
      ['breakpoint 4', 1, 1, 0],
      ['breakpoint 4', 2, 2, 2],
      ['breakpoint 4', 3, 3, 6],
    ])
    assert.deepEqual([run.end.status, run.end.output], ['ENDED_SUCCESS', 12])
  })

  test('stops in synchronous functions, with the stack of calls', async () => {
    const run = await new DebuggedRun(sandbox, LOOP, { breakpoints: [13] }).start()
    await run.answerFirst()
    assert.deepEqual(run.stop.stack, [
      { name: 'half', line: 13, async: false },
      { name: 'twice', line: 10, async: false },
      { name: 'handler', line: 4, async: true },
    ])
    assert.equal(run.last.line, 13)
  })

  test('has no effect on a line without a statement', async () => {
    const run = await new DebuggedRun(sandbox, LOOP, { breakpoints: [1, 5, 7, 99, -1] }).start()
    assert.deepEqual(await finish(run), [])
  })

  const PLACES: Readonly<Record<string, [body: string[], places: number[]]>> = {
    'callbacks of the language': [
      [
        'const a = [3, 1, 2]',
        'a.sort((x, y) => {',
        'return x - y',
        '})',
        'return a.map((x) => x * 2)',
      ],
      [4, 4, 4, 6, 6, 6, 6],
    ],
    'try, catch and finally': [
      [
        'try {',
        'throw new Error("a")',
        '} catch (error) {',
        'self.log(error.message)',
        '} finally {',
        'self.log(2)',
        '}',
      ],
      [3, 5, 7],
    ],
    generators: [
      [
        'const g = function* () {',
        'yield 1',
        'yield 2',
        '}',
        'for (const x of g()) {',
        'self.log(x)',
        '}',
      ],
      [3, 7, 4, 7],
    ],
    'getters, constructors and static blocks': [
      [
        'class A {',
        'static {',
        'self.log(1)',
        '}',
        'constructor() {',
        'this.a = 1',
        '}',
        'get b() {',
        'return 2',
        '}',
        '}',
        'return new A().b',
      ],
      [4, 7, 10],
    ],
    'loops with nothing in them': [
      ['let n = 0', 'for (; n < 2; n++) {', '}', 'while (n++ < 4);', 'return n'],
      [3, 3, 3, 5, 5, 5],
    ],
    'an arrow on two lines': [['const f = (x) =>', '  x + 1', 'return f(1)'], [3]],
    'a promise executor and its callbacks': [
      ['await new Promise((resolve) => {', 'resolve(1)', '}).then((x) => {', 'return x', '})'],
      [3, 5],
    ],
    'the callback of a step': [
      [
        'const n = await self.step("a", () => {',
        'let n = 1',
        'for (const x of [1, 2]) {',
        'n += x',
        '}',
        'return n',
        '})',
        'return n',
      ],
      [3, 5, 5, 7, 9],
    ],
  }
  for (const [name, [body, places]] of Object.entries(PLACES)) {
    test(`stops in ${name}`, async () => {
      const source = flow(...body)
      const plain = await new TestRun(sandbox, source).start()
      const run = await new DebuggedRun(sandbox, source, { breakpoints: places }).start()
      assert.deepEqual(
        await finish(run),
        places.map((line) => `breakpoint ${line}`),
      )
      assert.deepEqual([run.end, run.logs], [plain.end, plain.logs])
    })
  }

  test('stops in the body of a module before the handler begins', async () => {
    const source = 'const a = 1\nconst b = a + 1\nexport default async () => {\n  return b\n}'
    const run = await new DebuggedRun(sandbox, source, { breakpoints: [2, 4] }).start()
    const [first] = run.stop.variables
    assert.deepEqual(first, { name: 'a', scope: 'module', type: 'number', value: 1 })
    assert.deepEqual(await finish(run), ['breakpoint 2', 'breakpoint 4'])
  })

  test('behind an await inside an asynchronous step stops at the next line that it can', async () => {
    const source = flow(
      'await self.step("a", async () => {', // 2
      '  const one = 1', // 3
      '  await null', // 4
      '  const two = 2', // 5
      '  return one + two', // 6
      '})', // 7
      'self.log("done")', // 8
      'return 1', // 9
    )
    const run = await new DebuggedRun(sandbox, source, { breakpoints: [4, 5] }).start()
    assert.equal(run.where, 'breakpoint 4')
    await run.go()
    assert.deepEqual([run.where, run.stop.missed], ['breakpoint 8', 5])
    await run.go()
    assert.equal(run.end?.output, 1)
  })

  test('beside a running step counts none of its lines, and is forgotten at the next wait', async () => {
    const source = flow(
      'const slow = self.step("slow", async () => {', // 2
      '  await null', // 3
      '  return 1', // 4
      '})', // 5
      'await Promise.all([slow, self.sleep(1)])', // 6
      'self.log("after")', // 7
      'return 1', // 8
    )
    for (const dies of [false, true]) {
      const run = await new DebuggedRun(sandbox, source, { breakpoints: [4, 8] }).start()
      assert.equal(run.where, 'open 2')
      if (dies) run.restart()
      await run.answerFirst()
      assert.deepEqual([run.where, run.stop.missed], ['breakpoint 8', undefined])
      assert.deepEqual(run.logs, [['after']])
    }
  })

  test('of a function that steps and their neighbours call, too, is found again', async () => {
    const source = flow(
      'const helper = (x) => {', // 2
      '  return x + 1', // 3
      '}', // 4
      'const slow = self.step("slow", async () => { await null; return helper(1) })', // 5
      'helper(2)', // 6
      'await slow', // 7
      'await self.step("quick", () => helper(3))', // 8
      'helper(4)', // 9
      'await self.step("again", () => helper(5) + helper(6))', // 10
      'return helper(7)', // 11
    )
    const run = await new DebuggedRun(sandbox, source, { breakpoints: [3] }).start()
    const seen: unknown[] = []
    for (; run.isStopped; await run.go())
      seen.push([run.stop.line, run.variable('x'), run.stop.hit, run.stop.inside === null])
    assert.deepEqual(seen, [
      [8, undefined, 1, true],
      [3, 3, 1, false],
      [3, 4, 1, true],
      [3, 5, 1, false],
      [3, 6, 2, false],
      [3, 7, 2, true],
    ])
    assert.deepEqual([run.stops[0]?.missed, run.end?.output], [3, 8])
  })

  test('holds nothing up once the end is decided', async () => {
    const source = flow('try {', 'self.success("early")', '} finally {', 'self.log(1)', '}')
    const run = await new DebuggedRun(sandbox, source, { breakpoints: [4, 5] }).start()
    assert.deepEqual([run.end?.status, run.end?.message], ['ENDED_SUCCESS', 'early'])
  })
})

suite('a stop', () => {
  test('hands over what was asked for before it, and nothing that comes after', async () => {
    const source = flow(
      'self.log("before")',
      'const child = await self.flow("a", {}, { wait: false })',
      'self.save({ message: "half" })',
      'self.log("after")',
      'return child.id',
    )
    const run = await new DebuggedRun(sandbox, source, { breakpoints: [5] }).start()
    assert.deepEqual([run.logs, run.commands.length], [[['before']], 1])
    assert.deepEqual(run.last.fields, { message: 'half' })
    assert.equal(run.last.end, null)
    assert.deepEqual(run.last.open, [run.stop.seq])
    await run.go()
    assert.deepEqual([run.logs, run.commands.length], [[['before'], ['after']], 1])
    assert.equal(run.end?.output, run.command('start').child.id)
  })

  test('takes effect at once, whatever the code catches', async () => {
    const source = flow(
      'const stop = () => {',
      '  return 1', // 3
      '}',
      'for (;;) {',
      '  try {',
      '    stop()',
      '    break',
      '  } catch {',
      '    self.log("caught")',
      '  } finally {',
      '    await Promise.resolve().catch(() => self.log("never"))',
      '  }',
      '}',
      'return "end"',
    )
    for (const lines of [undefined, [3]]) {
      const options = lines === undefined ? {} : { lines }
      const run = await new DebuggedRun(sandbox, source, { breakpoints: [3], ...options }).start()
      assert.deepEqual(await finish(run), ['breakpoint 3'])
      assert.deepEqual([run.logs, run.end?.output], [[], 'end'])
    }
  })

  test('ends loops that would go on for ever over its error', async () => {
    const source = flow(
      'const poll = () => self.sleep(1).catch(() => poll())',
      'async function again() {',
      '  try { await self.sleep(2) } catch {}',
      '  return again()',
      '}',
      'poll()',
      'again()',
      'for (;;) {',
      '  try {',
      '    await self.sleep(3)', // 11
      '  } catch {}',
      '}',
    )
    for (const options of [{}, { lines: [11] }]) {
      const run = await new DebuggedRun(sandbox, source, { breakpoints: [11], ...options }).start()
      assert.equal(run.where, 'breakpoint 11')
    }
  })

  test('ends a chain of callbacks that have no lines of their own', async () => {
    const source = flow(
      'async function ask() {',
      '  await self.sleep(1)', // 3
      '}',
      'const poll = () => ask().catch(() => poll())',
      'await poll()',
    )
    for (const options of [{}, { lines: [3] }]) {
      const run = await new DebuggedRun(sandbox, source, { breakpoints: [3], ...options }).start()
      assert.equal(run.where, 'breakpoint 3')
    }
  })

  test('keeps nothing in memory: its answer comes with a replay', async () => {
    const before = sandbox.suspended()
    const run = await new DebuggedRun(sandbox, LOOP, { breakpoints: [2] }).start()
    assert.equal(sandbox.suspended(), before)
    const answer = { position: 1, seq: 1, outcome: run.good(1), at: 2_000 }
    const lost = run.run({ kind: 'continue', key: run.key, local: [], answers: [answer] })
    await assert.rejects(lost, /lost/)
  })

  test('that nobody has answered is come to again, and makes no second entry', async () => {
    const run = await new DebuggedRun(sandbox, LOOP, { breakpoints: [13] }).start()
    await run.answerFirst()
    const { stop } = run
    for (const breakpoints of [[13], []]) {
      run.breakpoints = breakpoints
      const again = await run.run(run.starting())
      assert.deepEqual([again.stop, again.entries, again.commands], [stop, [], []])
      assert.deepEqual(again.open, [stop.seq])
    }
  })

  test('inside of a step does not write its lines twice', async () => {
    const source = flow(
      'return self.step("a", () => {',
      '  console.log("one")',
      '  console.log("two")', // 4
      '  return Math.random()',
      '})',
    )
    const run = await new DebuggedRun(sandbox, source, { breakpoints: [4, 5] }).start()
    assert.deepEqual(run.logs, [])
    const places = await finish(run)
    assert.deepEqual(places, ['breakpoint 4', 'breakpoint 5'])
    assert.deepEqual(run.logs, [['one'], ['two']])
    assert.deepEqual(
      run.history.map(({ kind, seq, inside, of }) => [seq, kind, inside ?? of]),
      [
        [1, 'step', undefined],
        [2, 'break', 1],
        [3, 'break', 1],
        [4, 'step_end', 1],
      ],
    )
    const again = await run.run(run.starting())
    assert.deepEqual([again.end, again.entries], [run.end, []])
  })
})

suite('changed while', () => {
  test('it is stopped, breakpoints count from the next line on', async () => {
    const run = await new DebuggedRun(sandbox, LOOP, { breakpoints: [4] }).start()
    run.breakpoints = [10]
    await run.go()
    await run.answerFirst()
    assert.deepEqual([run.where, run.variable('x')], ['breakpoint 10', 1])
    run.breakpoints = [2, 3, 4]
    await run.go()
    assert.deepEqual([run.where, run.variable('x')], ['breakpoint 4', 2])
  })

  test('it runs, they count for lines that it has not come to, on this engine and on another', async () => {
    const source = flow(
      'const child = self.flow("a")', // 2
      'self.log("passed")', // 3
      'const done = 1', // 4
      'await child', // 5
      'self.log("new")', // 6
    )
    for (const dies of [false, true]) {
      const run = await new DebuggedRun(sandbox, source).start()
      run.breakpoints = [3, 4, 6]
      if (dies) run.restart()
      await run.answerFirst()
      assert.deepEqual([run.where, run.stop.hit], ['breakpoint 6', 1])
    }
  })

  test('it runs, a pause stops at the line that comes next', async () => {
    for (const dies of [false, true]) {
      const run = await new DebuggedRun(sandbox, LOOP).start()
      run.pause = true
      if (dies) run.restart()
      await run.answerFirst()
      assert.equal(run.where, 'pause 10')
      await run.go()
      assert.equal(run.where, 'open 3')
    }
  })
})

test('a pause at the start stops at the first line of the handler', async () => {
  const source = `const a = 1\n${LOOP}`
  const run = await new DebuggedRun(sandbox, source, { pause: true }).start()
  assert.equal(run.where, 'pause 3')
  const bare = await new DebuggedRun(sandbox, 'const a = 1\nreturn a', { pause: true }).start()
  assert.equal(bare.where, 'pause 1')
})

test('of two executions of one script the other one does not notice', async () => {
  const debugged = await new DebuggedRun(sandbox, LOOP, { breakpoints: [4, 13] }).start()
  const plain = await new TestRun(sandbox, LOOP).start()
  const other = await new DebuggedRun(sandbox, LOOP).start()
  await debugged.go()
  for (const run of [plain, other]) while (run.end === null) await run.answerFirst()
  assert.equal(debugged.where, 'open 2')
  await finish(debugged)
  assert.deepEqual(debugged.end, plain.end)
  assert.deepEqual(other.results.length, plain.results.length)
})

test('a history of fixed lines goes on with all lines', async () => {
  const run = await new DebuggedRun(sandbox, LOOP, { breakpoints: [4, 13], lines: [4, 13] }).start()
  await run.go()
  await run.answerFirst()
  await run.go()
  assert.deepEqual([run.where, run.stop.hit], ['breakpoint 4', 2])
  run.freeLines()
  await run.go('step_over')
  assert.equal(run.where, 'open 5')
  await run.answerFirst()
  assert.deepEqual([run.where, run.stop.hit], ['breakpoint 13', 2])
  run.breakpoints = []
  await run.go('step_over')
  assert.deepEqual([run.where, run.variable('sum')], ['step 4', 6])
})

test('with fixed lines it stops at them, with its variables, and a step goes on to the next of them', async () => {
  const run = await new DebuggedRun(sandbox, LOOP, { breakpoints: [4, 13], lines: [4, 13] }).start()
  assert.deepEqual([run.where, run.variable('sum')], ['breakpoint 4', 0])
  await run.go('step_over')
  run.breakpoints = [2, 3, 4, 13]
  await run.answerFirst()
  assert.deepEqual([run.where, run.stop.stack.length], ['breakpoint 13', 3])
  await run.go('step_out')
  assert.deepEqual([run.where, run.variable('x')], ['breakpoint 4', 2])
  await finish(run)
  assert.equal(run.end?.output, 12)
})
