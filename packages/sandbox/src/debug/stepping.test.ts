import assert from 'node:assert/strict'
import { after, suite, test } from 'node:test'
import type { StopAnswer } from '@millrace/replay'
import { testSandbox } from '../testing.ts'
import { DebuggedRun } from './testing.ts'

const sandbox = testSandbox()
after(() => sandbox.close())

type Step = StopAnswer['action'] | `to ${number}`

/** Stops at line 2 or at the breakpoints, then does as told; what it says of itself after each. */
async function walk(
  source: string,
  steps: readonly Step[],
  options: { readonly breakpoints?: readonly number[] } = {},
): Promise<(string | number)[]> {
  const pause = options.breakpoints === undefined
  const run = await new DebuggedRun(sandbox, source, { ...options, pause }).start()
  const seen: (string | number)[] = []
  const look = async () => {
    while (!run.isStopped && run.end === null) await run.answerFirst()
    seen.push(run.isStopped ? run.stop.line : (run.end?.status ?? ''))
  }
  await look()
  run.breakpoints = []
  for (const step of steps) {
    if (!run.isStopped) break
    const [action, line] = step.startsWith('to ') ? ['run_to' as const, Number(step.slice(3))] : []
    await run.go(action ?? (step as StopAnswer['action']), line)
    await look()
  }
  return seen
}

const times = <T>(n: number, step: T): T[] => Array.from({ length: n }, () => step)

const CALLS = `export default async function handler(system, self) {
  const a = one(1)
  const b = await two(a)
  return a + b
}
function one(x) {
  const y = x + 1
  return y
}
async function two(x) {
  await self.sleep(1)
  return one(x)
}`.replaceAll('await self.sleep(1)', 'await Promise.resolve()')

suite('stepping', () => {
  test('over goes line by line and past every call', async () => {
    assert.deepEqual(await walk(CALLS, times(3, 'step_over')), [2, 3, 4, 'ENDED_SUCCESS'])
  })

  test('into goes through every line', async () => {
    const lines = await walk(CALLS, times(9, 'step_into'))
    assert.deepEqual(lines, [2, 7, 8, 3, 11, 12, 7, 8, 4, 'ENDED_SUCCESS'])
  })

  test('out goes to the caller, also when that awaits', async () => {
    const steps: Step[] = ['step_into', 'step_out', 'step_into', 'step_over', 'step_into']
    const lines = await walk(CALLS, [...steps, 'step_out', 'step_out'])
    assert.deepEqual(lines, [2, 7, 3, 11, 12, 7, 4, 'ENDED_SUCCESS'])
  })

  test('run to stops at the line, wherever it is', async () => {
    const lines = await walk(CALLS, ['to 12', 'to 8', 'to 99'])
    assert.deepEqual(lines, [2, 12, 8, 'ENDED_SUCCESS'])
  })

  test('over the last line of a call comes back to its caller', async () => {
    const lines = await walk(CALLS, times(3, 'step_over'), { breakpoints: [8] })
    assert.deepEqual(lines, [8, 3, 4, 'ENDED_SUCCESS'])
  })

  test('over a call that calls itself stays in the outer one', async () => {
    const source = `export default async (system, self) => {
  return down(3)
  function down(n) {
    const less = n - 1
    const rest = n > 0 ? down(less) : 0
    return rest + n
  }
}`
    const lines = await walk(source, ['step_into', ...times(3, 'step_over' as const)])
    assert.deepEqual(lines, [2, 4, 5, 6, 'ENDED_SUCCESS'])
  })

  test('over an await that lasts goes on with the same call, not with its neighbours', async () => {
    const source = `export default async (system, self) => {
  const work = async (x) => {
    await self.sleep(x)
    const y = x
    await self.sleep(y)
    return y
  }
  const all = await Promise.all([work(1), work(2), work(3)])
  return all
}`
    const seen: unknown[] = []
    const run = await new DebuggedRun(sandbox, source, { breakpoints: [4] }).start()
    // The middle one is answered first.
    await run.answer(2, run.good(2))
    run.breakpoints = []
    for (let i = 0; i < 20 && run.end === null; i++) {
      if (!run.isStopped) await run.answerFirst()
      else {
        seen.push([run.stop.line, run.variable('x')])
        await run.go('step_over')
      }
    }
    assert.deepEqual(seen, [
      [4, 2],
      [5, 2],
      [6, 2],
      [9, undefined],
    ])
    assert.deepEqual(run.end?.output, [1, 2, 3])
  })

  test('over the end of a callback that nobody called goes to whatever runs next', async () => {
    const source = `export default async (system, self) => {
  const p = Promise.resolve(1).then((x) => {
    return x + 1
  })
  const y = await p
  return y
}`
    const lines = await walk(source, ['step_over', 'step_over'], { breakpoints: [3] })
    assert.deepEqual(lines, [3, 6, 'ENDED_SUCCESS'])
  })

  test('into stops in callbacks that the line queues', async () => {
    const source = `export default async (system, self) => {
  const p = Promise.resolve(1).then((x) => x + 1)
  await p
  return Promise.resolve(2).then((x) => {
    return x
  })
}`
    const lines = await walk(source, times(5, 'step_into'))
    assert.deepEqual(lines, [2, 3, 2, 4, 5, 'ENDED_SUCCESS'])
  })

  test('goes through generators as they are asked for values', async () => {
    const source = `export default async (system, self) => {
  const seen = []
  for (const x of numbers()) {
    seen.push(x)
  }
  for await (const x of later()) {
    seen.push(x)
  }
  return seen
}
function* numbers() {
  yield 1
  yield 2
}
async function* later() {
  yield 3
}`
    const lines = await walk(source, times(10, 'step_into'))
    assert.deepEqual(lines, [2, 3, 12, 4, 13, 4, 6, 16, 7, 9, 'ENDED_SUCCESS'])
    const over = await walk(source, times(7, 'step_over'))
    assert.deepEqual(over, [2, 3, 4, 4, 6, 7, 9, 'ENDED_SUCCESS'])
    const inside = await walk(source, times(3, 'step_over'), { breakpoints: [12] })
    assert.deepEqual(inside, [12, 4, 4, 6])
  })

  test('goes through try, catch and finally as they come', async () => {
    const source = `export default async (system, self) => {
  try {
    await fail()
    self.log('never')
  } catch (error) {
    self.log(error.message)
  } finally {
    self.log('last')
  }
  return 1
}
async function fail() {
  throw new Error('no')
}`
    const lines = await walk(source, times(5, 'step_over'))
    assert.deepEqual(lines, [2, 3, 6, 8, 10, 'ENDED_SUCCESS'])
    const thrown = await walk(source, ['step_out', 'step_over'], { breakpoints: [13] })
    assert.deepEqual(thrown, [13, 6, 8])
  })

  test('goes into the callback of a step and out of it', async () => {
    const source = `export default async (system, self) => {
  const a = await self.step('a', () => {
    const one = 1
    return one
  })
  return a
}`
    const lines = await walk(source, ['step_into', 'step_over', 'step_over', 'step_over'])
    assert.deepEqual(lines, [2, 3, 4, 6, 'ENDED_SUCCESS'])
    const out = await walk(source, ['step_into', 'step_out'])
    assert.deepEqual(out, [2, 3, 6])
  })

  test('stops at a breakpoint that lies on its way', async () => {
    const run = await new DebuggedRun(sandbox, CALLS, { breakpoints: [2, 12] }).start()
    await run.go('step_over')
    assert.equal(run.where, 'step 3')
    await run.go('step_over')
    assert.equal(run.where, 'breakpoint 12')
  })

  test('over the end of a step goes on beyond what its line waits for besides', async () => {
    const source = `export default async (system, self) => {
  await Promise.all([self.sleep(1), self.step('a', () => {
    return 1
  })])
  return 2
}`
    for (const dies of [false, true]) {
      const run = await new DebuggedRun(sandbox, source, { breakpoints: [3] }).start()
      run.breakpoints = []
      await run.go('step_over')
      if (dies) run.restart()
      await run.answerFirst()
      assert.equal(run.where, 'step 5')
    }
  })

  test('goes on where it was when the engine dies on the way', async () => {
    const source = `export default async (system, self) => {
  const run = async (n) => { await self.sleep(n); self.log(n) }
  await Promise.all([run(1), run(2)])
  return 1
}`
    const seen: string[][] = []
    for (const dies of [false, true]) {
      const run = await new DebuggedRun(sandbox, source, { breakpoints: [3] }).start()
      await run.go('step_over')
      while (!run.isStopped && run.end === null) {
        if (dies) run.restart()
        await run.answerFirst()
      }
      seen.push([run.where, String(run.logs)])
    }
    assert.deepEqual(seen, [
      ['step 4', '1,2'],
      ['step 4', '1,2'],
    ])
  })
})

suite('an answer', () => {
  test('that says nothing known lets the code run on', async () => {
    const outcomes = [
      { kind: 'value', value: { v: null } },
      { kind: 'value', value: { v: { action: 'jump' } } },
      { kind: 'value', value: { v: { action: 'run_to' } } },
      { kind: 'timeout' },
    ] as const
    for (const outcome of outcomes) {
      const run = await new DebuggedRun(sandbox, CALLS, { breakpoints: [2] }).start()
      await run.answer(run.stop.seq, outcome)
      assert.equal(run.where, 'ENDED_SUCCESS')
    }
  })
})

suite('a child', () => {
  const source = `export default async (system, self) => {
  const a = await self.flow('a')
  const [b, c] = await Promise.all([self.flow('b'), self.script('c', {}, { wait: false })])
  return [a, b, c].length
}`

  test('that a line starts is stopped at its first line when one steps into that line', async () => {
    const run = await new DebuggedRun(sandbox, source, { breakpoints: [2] }).start()
    await run.go('step_into')
    assert.equal(run.command('call').break, true)
    await run.answerFirst()
    assert.equal(run.where, 'step 3')
    await run.go('step_into')
    assert.deepEqual([run.command('call').break, run.command('start').break], [true, true])
  })

  test('is not when one steps over it, nor when a later line starts it', async () => {
    const run = await new DebuggedRun(sandbox, source, { breakpoints: [2] }).start()
    await run.go('step_over')
    assert.ok(!('break' in run.command('call')))
    const late = await new DebuggedRun(sandbox, `const x = 1\n${source}`, {
      breakpoints: [1],
    }).start()
    await late.go('step_into')
    await late.go('continue')
    assert.ok(!('break' in late.command('call')))
  })

  test('that a neighbour of that line starts is not', async () => {
    const beside = `export default async (system, self) => {
  const other = async () => {
    for (let i = 0; i < 3; i++) await null
    return self.flow('beside')
  }
  const mine = async () => {
    for (let i = 0; i < 9; i++) await null
    return 1
  }
  return Promise.all([other(), mine()])
}`
    const run = await new DebuggedRun(sandbox, beside, { breakpoints: [7] }).start()
    run.breakpoints = []
    for (let i = 0; i < 6; i++) await run.go('step_into')
    assert.equal(run.where, 'step 7')
    assert.ok(!('break' in run.command('call')))
  })

  test('makes the same history either way, but for that', async () => {
    const histories = []
    for (const action of ['step_into', 'continue'] as const) {
      const run = await new DebuggedRun(sandbox, source, { breakpoints: [2], key: KEY }).start()
      await run.go(action)
      histories.push(run.history)
      run.restart()
    }
    assert.deepEqual(histories[0], histories[1])
  })
})

const KEY = '019aa000-0000-7000-8000-0000000000cc:1'
