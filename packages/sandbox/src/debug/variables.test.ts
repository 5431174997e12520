import assert from 'node:assert/strict'
import { after, suite, test } from 'node:test'
import type { Json, Variable } from '@millrace/replay'
import { testSandbox } from '../testing.ts'
import { DebuggedRun } from './testing.ts'

const sandbox = testSandbox({ cpuMs: 1_000, memoryMib: 64 })
after(() => sandbox.close())

/** Stops at the line that is marked with `// here`. */
async function stopHere(source: string, input: Json = {}): Promise<DebuggedRun> {
  const line = source.split('\n').findIndex((text) => text.includes('// here')) + 1
  const run = await new DebuggedRun(sandbox, source, { breakpoints: [line], input }).start()
  assert.equal(run.where, `breakpoint ${line}`, run.end?.message ?? '')
  return run
}

const inHandler = (body: string) =>
  stopHere(`export default async function handler(system, self, inputs) {\n${body}\n}`)

const shown = (run: DebuggedRun): Record<string, [scope: Variable['scope'], value: Json]> =>
  Object.fromEntries(run.stop.variables.map(({ name, scope, value }) => [name, [scope, value]]))

suite('the variables of a stop', () => {
  test('are those that the line sees, by where they are declared', async () => {
    const run = await stopHere(`import { EngineException } from '@millrace/flow-api'
const limit = 5
let count = 0
function helper() {}
export default async function handler(system, self, inputs) {
  const outer = 1
  const inner = async (x, { y, z: [w] }, ...rest) => {
    for (const turn of [7]) {
      try { throw new Error('e') } catch (caught) {
        var hoisted = 9
        const own = turn // here
        return own
      }
    }
  }
  return inner(2, { y: 3, z: [4] }, 5, 6)
}`)
    assert.deepEqual(shown(run), {
      caught: ['local', 'Error: e'],
      turn: ['local', 7],
      hoisted: ['local', 9],
      x: ['local', 2],
      y: ['local', 3],
      w: ['local', 4],
      rest: ['local', [5, 6]],
      outer: ['closure', 1],
      inner: ['closure', '[function inner]'],
      inputs: ['closure', {}],
      limit: ['module', 5],
      count: ['module', 0],
    })
  })

  test('of a bare body include its inputs', async () => {
    const run = await stopHere(
      'const a = 1\nconst f = () => {\n  return a // here\n}\nreturn f()',
      {
        i: 1,
      },
    )
    assert.deepEqual(shown(run), {
      a: ['closure', 1],
      f: ['closure', '[function f]'],
      inputs: ['closure', { i: 1 }],
    })
  })

  test('are the innermost of each name', async () => {
    const run = await inHandler(`
      const a = 'outer', b = 'outer', c = 'outer', d = 'outer'
      {
        let a = 'inner'
        class b {}
        function c() {}
        switch (1) { case 1: let d = 'case'
          return a // here
        }
      }`)
    assert.deepEqual([run.variable('a'), run.variable('d')], ['inner', 'case'])
    assert.deepEqual(
      run.stop.variables.map(({ name }) => name),
      ['d', 'a', 'inputs'],
    )
  })

  test('are not there before they are declared', async () => {
    const run = await inHandler(`
      const before = 1
      const f = () => later
      void f // here
      let later = 2
      class Later { static x = later }
      var old = 3
      return later`)
    assert.deepEqual(Object.keys(shown(run)), ['before', 'f', 'old', 'inputs'])
    assert.equal(run.stop.variables.find(({ name }) => name === 'old')?.type, 'undefined')
  })

  test('of a loop are those of its turn, of a closure those of its call', async () => {
    const run = await inHandler(`
      const fs = []
      for (let i = 0; i < 3; i++) fs.push((x) => {
        return i * x // here
      })
      return fs[1](10)`)
    assert.deepEqual([run.variable('i'), run.variable('x')], [1, 10])
  })

  test('of a method include this, unless there is none yet', async () => {
    const body = `
      class A {
        constructor() { this.a = 1 }
      }
      class B extends A {
        constructor(x) {
          const y = x + 1 // here
          super()
          this.b = y
        }
        get() { return [1].map(() => this.a) }
      }
      const b = new B(1)
      const plain = { m() { return b.get() } }
      return plain.m()`
    const early = await inHandler(body)
    assert.deepEqual(Object.keys(shown(early)).slice(0, 1), ['x'])
    const moved = body.replace(' // here', '').replace('this.b = y', 'this.b = y // here')
    const late = await inHandler(moved)
    const of = late.stop.variables.find(({ name }) => name === 'this')
    assert.deepEqual(of, { name: 'this', scope: 'local', type: 'B', value: { a: 1 } })
  })

  test('of a generator and of an arrow in a field are its own', async () => {
    const run = await inHandler(`
      function* g(n) { for (const k of [n]) {
        yield k // here
      } }
      return [...g(4)]`)
    assert.deepEqual([run.variable('k'), run.variable('n')], [4, 4])
    const field = await inHandler(`
      class A { v = 1; f = (x) => {
        return this.v + x // here
      } }
      return new A().f(2)`)
    assert.deepEqual(
      [field.variable('x'), field.variable('this')],
      [2, { v: 1, f: '[function f]' }],
    )
  })
})

suite('a value', () => {
  test('that has no JSON is shown in words', async () => {
    const run = await inHandler(`
      const child = await self.flow('x', {}, { wait: false })
      class Point { #hidden = 1; constructor() { this.x = 1 } get y() { return 2 } }
      const loop = { name: 'loop' }; loop.self = loop
      const v = {
        a: undefined, b: null, c: NaN, d: -Infinity, e: 10n, f: 2n ** 5000n, g: Symbol('s'),
        h: function named() {}, i: class Kind {}, j: async () => {}, k: Promise.resolve(1),
        l: new Map([['k', { v: 1 }]]), m: new Set([1]), n: new Date(0), o: /a+/g, p: new TypeError('t'),
        q: new Uint8Array([1, 2]), r: [1, , 3], s: new Point(), t: Object.create(null), u: 'text', w: -0,
        x: new Date(NaN), own: { get z() { return 1 } }, y: new (class Mine extends Error {})('m'), z: new ArrayBuffer(8),
      }
      return v // here`)
    const words = run.variable('v') as Record<string, Json>
    assert.deepEqual(words, {
      a: '[undefined]',
      b: null,
      c: 'NaN',
      d: '-Infinity',
      e: '10n',
      f: '[large bigint]',
      g: 'Symbol(s)',
      h: '[function named]',
      i: '[function Kind]',
      j: '[function j]',
      k: '[promise]',
      l: [['k', { v: 1 }]],
      m: [1],
      n: '1970-01-01T00:00:00.000Z',
      o: '/a+/',
      p: 'TypeError: t',
      q: [1, 2],
      r: [1, '[empty]', 3],
      s: { x: 1 },
      t: {},
      u: 'text',
      w: 0,
      x: 'Invalid Date',
      own: { z: '[getter]' },
      y: 'Mine: m',
      z: '[ArrayBuffer]',
    })
    assert.deepEqual(run.variable('loop'), { name: 'loop', self: '[circular]' })
    const { id } = run.command('start').child
    assert.deepEqual((run.variable('child') as Record<string, Json>)['id'], id)
    const types = Object.fromEntries(run.stop.variables.map(({ name, type }) => [name, type]))
    assert.deepEqual([types['v'], types['loop'], types['child']], ['object', 'object', 'Execution'])
  })

  test('has the name of its kind', async () => {
    const run = await inHandler(`
      const a = 1, b = 'x', c = true, d = null, e = undefined, f = [], g = {}, h = new Map(), i = new Date(),
        j = () => 1, k = 1n, l = new (class Own {})(), m = Object.create(null), n = new RangeError('r'),
        o = new Float64Array(1), p = Promise.resolve(), q = new Set()
      return 1 // here`)
    const types = Object.fromEntries(run.stop.variables.map(({ name, type }) => [name, type]))
    delete types['inputs']
    assert.deepEqual(
      Object.values(types).join(' '),
      'number string boolean null undefined array object Map Date function bigint Own object RangeError Float64Array Promise Set',
    )
  })

  test('that is large is cut, and says so', async () => {
    const run = await inHandler(`
      const long = 'x'.repeat(1e6), list = Array.from({ length: 1e5 }, (_, i) => i)
      const record = Object.fromEntries(list.map((i) => ['k' + i, i]))
      let deep = 0; for (let i = 0; i < 50; i++) deep = { deep }
      const many = Array.from({ length: 40 }, () => Array.from({ length: 40 }, () => 'y'.repeat(900)))
      const map = new Map(list.map((i) => [i, i])), bytes = new Uint8Array(1e6)
      const small = { fits: 1 }
      return 1 // here`)
    const cut = run.stop.variables.flatMap(({ name, cut: of }) => (of === true ? [name] : []))
    assert.deepEqual(cut, ['long', 'list', 'record', 'deep', 'many', 'map', 'bytes'])
    assert.equal((run.variable('long') as string).length, 1_001)
    assert.deepEqual((run.variable('list') as Json[]).slice(-2), [49, '[99950 more]'])
    assert.deepEqual(Object.entries(run.variable('record') as object).at(-1), ['…', '[99950 more]'])
    assert.match(JSON.stringify(run.variable('deep')), /\[too deep\]/)
    assert.deepEqual(run.variable('small'), { fits: 1 })
    for (const { value } of run.stop.variables) assert.ok(JSON.stringify(value).length < 20_000)
    assert.ok(JSON.stringify(run.stop).length < 100_000)
  })

  test('of a thousand does not make a stop larger than its limit', async () => {
    const names = Array.from({ length: 300 }, (_, i) => `v${i}`)
    const run = await inHandler(
      `const ${names.map((name) => `${name} = 'x'.repeat(999)`).join(', ')}\nreturn v0 // here`,
    )
    assert.equal(run.stop.variables.length, 100)
    assert.ok(JSON.stringify(run.stop).length < 100_000)
    assert.equal(run.stop.variables.at(-1)?.cut, true)
  })

  const HOSTILE: Readonly<Record<string, string>> = {
    'a getter without end': '{ get a() { for (;;); } }',
    'a toJSON without end': '{ toJSON() { for (;;); } }',
    'a proxy whose every trap loops':
      'new Proxy({}, new Proxy({}, { get: () => () => { for (;;); } }))',
    'a proxy of a list':
      'new Proxy([1, 2], { get() { self.log("called") }, ownKeys: () => spin() })',
    'a proxy with work in a parameter': 'new Proxy({}, { ownKeys: (t, x = spin()) => [] })',
    'a proxy as a prototype':
      'Object.create(new Proxy({}, { get: () => spin(), has: () => spin(), getPrototypeOf: () => spin() }))',
    'a class that says what it is':
      'new (class { static [Symbol.hasInstance]() { return spin() } static get name() { return spin() } get [Symbol.toStringTag]() { return spin() } })()',
    'a map that counts itself':
      'new (class extends Map { get size() { return spin() } entries() { return spin() } [Symbol.iterator]() { return spin() } })([[1, 2]])',
    'an error that writes its own message':
      'new (class extends Error { get message() { return spin() } get name() { return spin() } get stack() { return spin() } })()',
    'a thenable': '{ then() { spin() } }',
    'a date that does not know the time':
      'new (class extends Date { getTime() { return spin() } toISOString() { return spin() } })(5)',
    'a list with a length of its own':
      'new (class extends Array { get length() { return spin() } set length(v) {} map() { return spin() } })()',
    'bytes with a buffer of their own':
      'Object.defineProperty(new Uint8Array(2), "buffer", { get: () => spin() })',
    'a revoked proxy':
      '(() => { const { proxy, revoke } = Proxy.revocable({}, {}); revoke(); return proxy })()',
    'a key named __proto__': 'JSON.parse(\'{ "__proto__": { "a": 1 } }\')',
  }
  for (const [name, value] of Object.entries(HOSTILE)) {
    test(`that is ${name} is shown without running it`, { timeout: 20_000 }, async () => {
      const run = await inHandler(`
        let calls = 0
        const spin = () => { calls++; for (;;); }
        const hostile = ${value}
        const after = 'shown'
        return calls // here`)
      assert.equal(run.variable('after'), 'shown')
      assert.deepEqual(run.logs, [])
      await run.go()
      assert.equal(run.end?.output, 0)
    })
  }

  test('that takes all time in one expression ends its execution by its limit, and no other', async () => {
    const source = (own: string) => `export default async function handler(system, self) {
      const hostile = ${own}
      return 1 // here
    }`
    const slow = "new Proxy({}, { ownKeys: (t, x = /^(a+)+$/.test('a'.repeat(60) + 'b')) => [] })"
    const other = await stopHere(source('1'))
    const line = 3
    const run = await new DebuggedRun(sandbox, source(slow), { breakpoints: [line] }).start()
    assert.equal(run.end?.reason, 'limit')
    await other.go()
    assert.equal(other.end?.output, 1)
  })
})
