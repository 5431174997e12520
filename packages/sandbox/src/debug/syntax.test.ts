import assert from 'node:assert/strict'
import { after, suite, test } from 'node:test'
import { TestRun, testSandbox } from '../testing.ts'
import { effectiveLines } from './compile-debug.ts'
import { DebuggedRun } from './testing.ts'

const sandbox = testSandbox()
after(() => sandbox.close())

/** Bodies of a handler; each returns what shows whether it ran as it is written. */
const BODIES: Readonly<Record<string, string>> = {
  'statements without semicolons': `
    const a = [1]
    const b = a
    ;[b[0]] = [2]
    let c = 1
    ++c
    return [a, b, c]`,
  'bodies that are no blocks': `
    let n = 0
    if (n === 0) n++
    else n--
    if (n > 5) n = 0
    else if (n > 3) n = 1
    else for (const x of [1, 2]) n += x
    for (let i = 0; i < 3; i++) if (i % 2) n += i; else n -= i
    while (n < 100) n *= 2
    do n += 1; while (n < 200)
    for (const k in { a: 1, b: 2 }) n += k.length
    for (;;) if (n++ > 210) break; else continue
    return n`,
  'loops with nothing in them': `
    let n = 0
    while (n++ < 5);
    for (; n < 10; n++) {}
    do {} while (n++ < 20)
    for await (const x of [1]) {}
    return n`,
  'labels and jumps': `
    const seen = []
    outer: for (let i = 0; i < 3; i++) {
      inner:
      for (let j = 0; j < 3; j++) {
        if (j === 1) continue outer
        if (i === 2) break outer
        if (i === 1) break inner
        seen.push([i, j])
      }
    }
    block: { if (seen.length) break block; seen.push('no') }
    return seen`,
  switches: `
    const f = (x) => {
      switch (x) {
        case 1:
        case 2: { let y = x; return 'a' + y }
        case 3:
          let z = 9
          z++
          return z
        default:
          return 'd'
      }
    }
    return [f(1), f(2), f(3), f(4)]`,
  'arrow bodies of every kind': `
    const a = x => x + 1
    const b = (x) => ({ x })
    const c = x => (1, x)
    const d = x => y => x * y
    const e = async x => await a(x)
    const f = (x = () => 5) => x()
    const g = x =>
      // a comment
      x ? [x] : 0
    const h = ({ p, q: [r] }) => p + r
    const i = (...xs) => xs.length
    const j = x => x / 2
    const k = () => () => {}
    return [a(1), b(2), c(3), d(4)(5), await e(6), f(), g(7), h({ p: 8, q: [9] }), i(1, 2), j(10), typeof k()()]`,
  'names of functions': `
    const a = () => 1
    const o = { b: () => 2, c() { return 3 }, get d() { return 4 } }
    class E { static f = () => 5; #g() { return 6 } h() { return this.#g() } }
    return [a.name, o.b.name, o.c.name, o.d, E.f.name, new E().h(), a.length, ((x, y = 1, ...z) => 0).length]`,
  generators: `
    function* g() { const x = yield 1; yield* [x, x]; try { yield 4 } finally { seen.push('f') } return 5 }
    const seen = []
    const it = g()
    seen.push(it.next().value, it.next('v').value, it.next().value, it.next().value)
    it.return()
    function* empty() { yield }
    seen.push([...empty()].length, [...g()])
    async function* ag() { const got = yield await Promise.resolve(1); yield [got]; return Promise.resolve(3) }
    const ai = ag()
    seen.push(await ai.next(), await ai.next('w'), await ai.next())
    for await (const x of ag()) seen.push(x)
    return seen`,
  awaits: `
    const p = (v) => Promise.resolve(v)
    const o = { a: p(1), f: async (x) => x * 2 }
    const r = [await o.a, -(await p(2)), (await p([3]))[0], await (p(9), p(4)), await (await p(p(5)))]
    r.push((await p({ x: { y: 6 } }))?.x.y, \`\${await p(7)}\`, (await p(String.raw))\`a\${1}\`, new (await p(Array))(2).length)
    r.push(await o.f(await o.f(await p(1))), 2 ** (await p(3)), await p(1) + await p(2), typeof await p(''))
    return r`,
  'errors and what is done about them': `
    const seen = []
    const f = (x) => { try { if (x) throw new TypeError('t' + x); return 'ok' } catch ({ message, name: [n] }) { return message + n } finally { seen.push(x) } }
    seen.push(f(0), f(1))
    const g = () => { try { return 'try' } finally { seen.push('last') } }
    seen.push(g())
    const h = () => { for (const x of [1, 2]) { try { continue } finally { seen.push(x) } } return 'end' }
    seen.push(h())
    const i = async () => { try { await Promise.reject(new Error('no')) } catch (e) { return e.message } }
    seen.push(await i())
    try { null.x } catch { seen.push('null') }
    return seen`,
  classes: `
    const order = []
    class A {
      static count = 0
      static { A.count++; order.push('static') }
      #secret = order.push('field')
      constructor(x) { this.x = x; order.push('A') }
      get secret() { return this.#secret }
      async wait() { await null; return this.x }
      *each() { yield this.x; yield super.toString === Object.prototype.toString }
      static async *[Symbol.asyncIterator]() { yield 'it' }
      arrow = () => this.x
    }
    class B extends A {
      constructor() { order.push('B'); super(...[7]); this.y = new.target === B }
      get secret() { return super.secret * 10 }
    }
    const b = new B()
    for await (const x of A) order.push(x)
    return [order, b.secret, await b.wait(), [...b.each()], b.arrow(), b.y, A.count, new (class { z = 3 })().z]`,
  'functions that share a name': `
    function f(a) { var a = a ?? 1; return a; var a }
    function g(x) { var h = 1; function h() {} return typeof h + x }
    function i() { return j(); function j() { return 1 } function j() { return 2 } }
    function k(l) { function l() {} return typeof l }
    var f2 = function fact(n) { return n ? n * fact(n - 1) : 1 }
    return [f(), f(3), g(2), i(), k(5), f2(4)]`,
  directives: `
    function f() {
      'use strict'
      return this === undefined
    }
    const g = () => { 'use strict'; return 2 }
    function h() { 'nothing else' }
    return [f(), g(), h() ?? null]`,
  'all that destructuring can do': `
    const { a, b: { c = 3, ...rest }, ...others } = { a: 1, b: { d: 4 }, e: 5 }
    const [x, , y = (() => 9)(), ...z] = [1, 2, undefined, 4, 5]
    let p, q
    ;({ p, q = 8 } = { p: 7 })
    ;[p, q] = [q, p]
    for (const [k, v] of Object.entries({ m: 1 })) others[k] = v
    return [a, c, rest, others, x, y, z, p, q]`,
  'closures over turns of a loop': `
    const fs = []
    for (let i = 0; i < 3; i++) { fs.push(() => i++) }
    for (const s of 'ab') fs.push(() => s)
    fs[0]()
    return fs.map((f) => f())`,
  'arguments, this and evaluation order': `
    const seen = []
    const n = (x) => (seen.push(x), x)
    function f() { return [this?.t, arguments.length, (() => arguments[0])()] }
    seen.push(f.call({ t: 1 }, 2, 3), n(1) + n(2) * n(3), n(0) || n(4), n(null) ?? n(5), [n(6), ...[n(7)]].length)
    const o = { [n('k')]: n('v'), set s(x) { seen.push(x) } }
    o.s = n(8)
    return seen`,
  'resources that are given back': `
    const seen = []
    const made = (n) => ({ [Symbol.dispose]() { seen.push(n) }, async [Symbol.asyncDispose]() { await null; seen.push('a' + n) } })
    { using a = made(1); using b = made(2); seen.push('in') }
    const f = async () => { await using c = made(3); await null; seen.push('f'); return 'r' }
    for (using d of [made(4)]) seen.push('turn')
    return [await f(), seen]`,
  'text that looks like code': `
    // => { await yield
    const t = \`=> \${[1, 2].map((x) => \`<\${x}>\`).join('')} {\`
    const r = /=>\\s*{/.test('=> {') /* => */
    return [t, r, 'x => { return }'.length]`,
}

suite('with checks at its lines each of these does what it does without', () => {
  for (const [name, body] of Object.entries(BODIES)) {
    test(name, async () => {
      const source = `export default async function handler(system, self, inputs) {${body}\n}`
      const plain = await new TestRun(sandbox, source).start()
      assert.equal(plain.end?.status, 'ENDED_SUCCESS', plain.end?.message ?? '')
      const lines = effectiveLines(source, 'javascript')
      for (const breakpoints of [[], lines]) {
        for (const fixed of [{}, { lines }]) {
          const run = new DebuggedRun(sandbox, source, { breakpoints, ...fixed })
          await run.start()
          for (let i = 0; i < 400 && run.isStopped; i++) await run.go()
          assert.deepEqual(run.end, plain.end)
          if (breakpoints.length > 0) {
            const stopped = new Set(run.stops.map(({ line }) => line))
            // Every line but those of branches that are not taken.
            assert.ok(
              stopped.size > lines.length / 2,
              `${[...stopped].join(' ')} of ${lines.join(' ')}`,
            )
          }
        }
      }
    })
  }
})

test('an error tells the author’s line and column, as without checks', async () => {
  const source = [
    'export default async function handler(system, self) {',
    '  const f = async (x) => { await null; self.log(1); return g(x, await g(1)) }',
    '  const g = (x) => x > 1 ? fail(x) : x',
    '  function fail(x) { if (x) throw new Error("x") }',
    '  class A { constructor() { this.v = this.m() } m() { return [1].map((y) => fail(y)) } }',
    '  const stacks = []',
    '  try { await f(2) } catch (e) { stacks.push(e.stack) }',
    '  try { new A() } catch (e) { stacks.push(e.stack) }',
    '  return stacks',
    '}',
  ].join('\n')
  const plain = await new TestRun(sandbox, source).start()
  const debugged = await new DebuggedRun(sandbox, source).start()
  assert.match(JSON.stringify(plain.end?.output), /fail \(flow:4:35\)/)
  assert.deepEqual(debugged.end, plain.end)
})
