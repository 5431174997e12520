import assert from 'node:assert/strict'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { after, describe, test } from 'node:test'
import { sleep } from '@millrace/runtime'
import { TestRun, testSandbox } from './testing.ts'

const sandbox = testSandbox({ cpuMs: 1_000, memoryMib: 64 })
after(() => sandbox.close())

const flow = (body: string) =>
  `export default async function handler(system, self, inputs) { ${body} }`

interface Bomb {
  /** Instead of the usual ones, where another limit is meant to be reached first. */
  readonly limits?: { readonly cpuMs: number; readonly memoryMib?: number }
  readonly name: string
  readonly body: string
  readonly message: RegExp
  readonly reason?: 'limit' | undefined
}

const BOMBS: readonly Bomb[] = [
  { name: 'an endless loop', body: 'for (;;);', message: /1 s of CPU time.*limit/ },
  {
    name: 'an endless loop after a call',
    body: "await self.step('a', () => 1); for (;;);",
    message: /CPU time/,
  },
  {
    name: 'a loop that catches everything',
    body: 'for (;;) try { self.log(1); for (;;); } catch {} finally { for (;;); }',
    message: /CPU time/,
  },
  {
    name: 'a slow regular expression',
    body: "return /^(a+)+$/.test('a'.repeat(60) + 'b')",
    message: /CPU time/,
  },
  { name: 'an endless chain of microtasks', body: 'for (;;) await null', message: /CPU time/ },
  {
    name: 'a promise storm',
    body: 'const storm = () => { Promise.resolve().then(storm); Promise.resolve().then(storm) }; storm(); await new Promise(() => {})',
    message: /memory|CPU time/,
  },
  {
    name: 'a storm of rejections',
    body: 'const storm = () => { Promise.reject(1); Promise.resolve().then(storm) }; storm(); await new Promise(() => {})',
    message: /memory|CPU time/,
  },
  {
    name: 'a heap bomb',
    body: 'const all = []; for (;;) all.push({ a: [1, 2, 3] })',
    message: /64 MiB of memory.*limit|CPU time/,
  },
  {
    name: 'a string bomb',
    body: "let s = 'abcdefgh'; const all = []; for (;;) { s += s.slice(0, 1 << 20); all.push(s.split('').reverse().join('')) }",
    message: /memory|CPU/,
  },
  {
    name: 'an ArrayBuffer bomb',
    body: 'const all = []; for (;;) all.push(new Uint8Array(1 << 24).fill(1))',
    message: /memory|allocation failed/,
    reason: undefined,
  },
  {
    name: 'a map bomb',
    body: 'const map = new Map(); for (let i = 0; ; i++) map.set(i, i)',
    message: /memory|CPU|maximum/,
    reason: undefined,
  },
  {
    name: 'a BigInt bomb',
    body: 'let n = 3n; for (;;) n = n * n',
    message: /memory|CPU|BigInt/,
    reason: undefined,
  },
  {
    name: 'a JSON bomb',
    body: 'let a = [1]; for (let i = 0; i < 40; i++) a = [a, a]; self.setOutput({ a })',
    message: /limit|memory|CPU/,
  },
  {
    name: 'a sort of everything',
    body: 'const a = Array.from({ length: 3e6 }, (_, i) => (i * 7919) % 3000001); for (;;) a.sort()',
    message: /CPU|memory/,
  },
  {
    name: 'a native fill',
    body: 'for (;;) new Array(3e7).fill(0).map(String)',
    message: /CPU|memory/,
  },
  {
    name: 'a million log lines',
    // Enough for ten thousand of them on a busy machine too.
    limits: { cpuMs: 10_000 },
    body: 'for (let i = 0; i < 1e6; i++) self.log(i)',
    message: /10000 log lines, the limit per activation/,
  },
  {
    name: 'a million lines of console',
    body: "await self.step('a', () => { for (let i = 0; i < 1e6; i++) console.log(i) })",
    message: /10000 log lines, the limit per activation/,
  },
  {
    name: 'endless steps',
    limits: { cpuMs: 20_000, memoryMib: 512 },
    body: "for (;;) await self.step('a', () => 1)",
    message: /100000 calls, the limit of commands/,
  },
  {
    name: 'a value too deep',
    body: 'let a = []; for (let i = 0; i < 64; i++) a = [a]; return a',
    message: /deeper than the limit of 64 levels/,
  },
  {
    name: 'a value far too deep',
    body: 'let a = []; for (let i = 0; i < 1e5; i++) a = [a]; await self.flow("x", { a })',
    message: /deeper than the limit of 64 levels/,
  },
  {
    name: 'a getter without end',
    body: 'throw { get stack() { for (;;); } }',
    message: /CPU time/,
  },
  {
    name: 'a toJSON without end',
    body: 'self.log({ toJSON() { for (;;); } })',
    message: /CPU time/,
  },
]

describe('each bomb ends alone', { concurrency: 1 }, () => {
  for (const bomb of BOMBS) {
    test(bomb.name, { timeout: 30_000 }, async () => {
      const own = bomb.limits === undefined ? null : testSandbox(bomb.limits)
      const run = await new TestRun(own ?? sandbox, flow(bomb.body)).start()
      await own?.close()
      assert.equal(run.end?.status, 'ENDED_ERROR')
      assert.match(run.end.message ?? '', bomb.message)
      if (!('reason' in bomb)) assert.equal(run.end.reason, 'limit')
    })
  }
})

test('a flow that waits for a processor is not taken for one that uses it', async () => {
  const own = testSandbox({ cpuMs: 500 })
  await new TestRun(own, flow('return 1')).start()
  const short = 'let n = 0; for (let i = 0; i < 3e7; i++) n += i % 3; return n'
  const running = new TestRun(own, flow(short)).start()
  // A machine that is busy elsewhere gives the process one moment in ten.
  const over = new AbortController()
  void running.finally(() => over.abort())
  const pids = descendantsOf(process.pid)
  while (!over.signal.aborted) {
    for (const pid of pids) process.kill(pid, 'SIGSTOP')
    await sleep(180)
    for (const pid of pids) process.kill(pid, 'SIGCONT')
    await sleep(20)
  }
  const run = await running
  await own.close()
  assert.equal(run.end?.status, 'ENDED_SUCCESS', run.end?.message ?? '')
})

test('a process that hangs once costs nobody more than its time', async () => {
  const freeze = freezer()
  const own = testSandbox({ hungMs: 3_000 })
  await new TestRun(own, flow('return 1')).start()
  const running = new TestRun(own, flow('return 2')).start()
  freeze()
  const run = await running
  await own.close()
  assert.deepEqual([run.end?.status, run.end?.output], ['ENDED_SUCCESS', 2])
})

test('one that hangs again alone is told so, and not that it took too much memory', async () => {
  const freeze = freezer()
  const own = testSandbox({ hungMs: 1_000 })
  await new TestRun(own, flow('return 1')).start()
  const running = new TestRun(own, flow('return 2')).start()
  const over = new AbortController()
  void running.finally(() => over.abort())
  const frozen = new Set<number>()
  while (!over.signal.aborted) {
    for (const pid of freeze()) frozen.add(pid)
    await sleep(5)
  }
  const { end } = await running
  await own.close()
  // Stopped as they began, none is left behind either: one that waits for its parent would wait for ever.
  for (const pid of frozen) while (existsSync(`/proc/${pid}`)) await sleep(5)
  assert.equal(end?.status, 'ENDED_ERROR')
  assert.match(end.message ?? '', /no sign of life for 1 s/)
})

test('a process that is taken away is no fault of the code in it', async () => {
  const freeze = freezer()
  const own = testSandbox({ cpuMs: 60_000 })
  await new TestRun(own, flow('return 1')).start()
  // One that does not get as far as its code, and is asked for an answer when it goes.
  freeze()
  const given = assert.rejects(new TestRun(own, flow('return 2')).start(), { death: 'unable' })
  await new Promise(setImmediate)
  await own.close()
  await given
})

test('unbounded recursion is an ordinary error that can be caught', async () => {
  const caught = await new TestRun(
    sandbox,
    flow('const f = () => f() + 1; try { f() } catch (e) { return e.name }'),
  ).start()
  assert.equal(caught.end?.output, 'RangeError')
  const uncaught = await new TestRun(sandbox, flow('const f = () => f() + 1; f()')).start()
  assert.match(
    uncaught.end?.message ?? '',
    /^RangeError: Maximum call stack size exceeded\n {4}at f \(flow:1:\d+\)/,
  )
})

test('a value at the limits passes', async () => {
  const run = await new TestRun(
    sandbox,
    flow('let a = 1; for (let i = 0; i < 64; i++) a = [a]; return a'),
  ).start()
  assert.equal(run.end?.status, 'ENDED_SUCCESS')
  const small = testSandbox({ payloadBytes: 1_000 })
  const fits = await new TestRun(small, flow("return 'a'.repeat(998)")).start()
  assert.equal(fits.end?.status, 'ENDED_SUCCESS')
  const large = await new TestRun(small, flow("return 'ä'.repeat(500)")).start()
  assert.match(large.end?.message ?? '', /larger than the limit of 1000 bytes/)
  await small.close()
})

test('of a batch only the guilty one ends in error', { timeout: 30_000 }, async () => {
  const source = flow(`
    if (inputs.bad === 'cpu') for (;;);
    if (inputs.bad === 'memory') { const all = []; for (;;) all.push({ a: [1, 2, 3] }) }
    await self.sleep(1); return inputs`)
  for (const bad of ['cpu', 'memory']) {
    const runs = Array.from(
      { length: 8 },
      (_, i) => new TestRun(sandbox, source, { input: { bad: i === 3 ? bad : '' } }),
    )
    const script = { hash: `guilty/${bad}`, language: 'javascript', source }
    const results = await sandbox.activate(
      { workspaceId: 'w', script },
      runs.map((run) => run.starting()),
    )
    results.forEach((result, i) => {
      assert.ok(!('lost' in result))
      assert.equal(result.key, runs[i]?.key)
      if (i === 3) assert.equal(result.end?.reason, 'limit')
      else assert.deepEqual(result.open, [1])
    })
    // The others go on from where they are.
    const answers = [
      { position: 1, seq: 1, at: 2_000, outcome: { kind: 'value', value: { v: null } } } as const,
    ]
    const others = runs.filter((_, i) => i !== 3)
    const ends = await sandbox.activate(
      { workspaceId: 'w', script },
      others.map(({ key }) => ({ kind: 'continue' as const, key, local: [], answers })),
    )
    for (const [i, result] of ends.entries()) {
      if (!('lost' in result)) assert.equal(result.end?.status, 'ENDED_SUCCESS')
      // A bomb may have taken the process with it before it was stopped: a replay brings it back.
      else assert.deepEqual((await others[i]?.run(others[i].starting()))?.open, [1])
    }
  }
})

test(
  'what was suspended beside a bomb is lost, and a replay brings it back',
  { timeout: 30_000 },
  async () => {
    const source = flow(
      'await self.sleep(1); if (inputs.bad) for (;;); await self.sleep(2); return 1',
    )
    const good = await new TestRun(sandbox, source).start()
    const bad = await new TestRun(sandbox, source, { input: { bad: true } }).start()
    await bad.answerFirst()
    assert.equal(bad.end?.reason, 'limit')
    await assert.rejects(good.answerFirst(), /lost/)
    const again = await good.run(good.starting())
    assert.deepEqual(again.open, [2])
  },
)

test('a spinning flow does not hold up its neighbours', { timeout: 30_000 }, async () => {
  const slow = testSandbox({ cpuMs: 3_000 })
  await new TestRun(slow, flow('return 1')).start()
  let done = false
  const spinning = new TestRun(slow, flow('for (;;);')).start().then(() => (done = true))
  for (let i = 0; i < 20; i++) {
    const run = await new TestRun(slow, flow(`return ${i % 3}`)).start()
    assert.equal(run.end?.status, 'ENDED_SUCCESS')
  }
  assert.equal(done, false)
  await spinning
  await slow.close()
})

test('the number of suspended executions is bounded', async () => {
  const small = testSandbox({ suspended: 3 })
  const runs: TestRun[] = []
  for (let i = 0; i < 5; i++)
    runs.push(await new TestRun(small, flow('await self.sleep(1); return 1')).start())
  assert.equal(small.suspended(), 3)
  await assert.rejects(runs[0]?.answerFirst() ?? Promise.resolve(), /lost/)
  await runs[4]?.answerFirst()
  assert.equal(runs[4]?.end?.status, 'ENDED_SUCCESS')
  assert.equal(small.suspended(), 2)
  await small.close()
})

/** Stops all sandbox processes that are begun from now on. */
function freezer(): () => number[] {
  const others = new Set(descendantsOf(process.pid))
  return () => {
    const begun = descendantsOf(process.pid).filter((pid) => !others.has(pid))
    for (const pid of begun) process.kill(pid, 'SIGSTOP')
    return begun
  }
}

/** Whatever walls are between them and this one. */
function descendantsOf(pid: number): number[] {
  return readdirSync(`/proc/${pid}/task`)
    .flatMap(
      (task) => readFileSync(`/proc/${pid}/task/${task}/children`, 'utf8').match(/\d+/g) ?? [],
    )
    .flatMap((child) => [Number(child), ...descendantsOf(Number(child))])
}
