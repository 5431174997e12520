import assert from 'node:assert/strict'
import { after, describe, test } from 'node:test'
import { TestRun, testSandbox } from './testing.ts'

const sandboxes = [testSandbox({}, 'auto'), testSandbox({}, 'permissions')] as const
after(() => Promise.all(sandboxes.map((sandbox) => sandbox.close())))

const flow = (body: string) =>
  `export default async function handler(system, self, inputs) { ${body} }`

// Each returns 'escaped' when it got hold of something. What is looked for: the host's globals, code
// from text, the true time, another execution's state, the realm's own objects.
const HOST = `const host = (g) => { try { return g && (g.process || g.require || g.Buffer || g.setImmediate?.call || g.fetch?.call && 0) ? 'escaped' : g } catch { return g } };`

const ATTEMPTS: Record<string, string> = {
  'the constructor of a function': "return host(self.flow.constructor('return globalThis')())",
  'the constructor of an arrow': "return host((() => {}).constructor('return this')())",
  'the constructor of an async function':
    "return host(await (async () => {}).constructor('return globalThis')())",
  'the constructor of a generator':
    "return host((function* () {}).constructor('return globalThis')().next().value)",
  'the constructor of an async generator':
    "return host((await (async function* () {}).constructor('return globalThis')().next()).value)",
  'Function itself': "return host(new Function('return globalThis')())",
  'Reflect.construct of Function':
    "return host(Reflect.construct(Function, ['return globalThis'])())",
  eval: "return host(globalThis.eval('globalThis'))",
  'eval by its name': "return host((0, globalThis['ev' + 'al'])('this'))",
  'this of a sloppy function': 'return host((function () { return this })())',
  'this of an iterator callback': 'let t; [1].forEach(function () { t = this }); return host(t)',
  'this of a sort callback':
    'let t; [2, 1].sort(function () { t = this; return 0 }); return host(t)',
  'this of a replace callback':
    "let t; 'a'.replace(/a/, function () { t = this; return '' }); return host(t)",
  'this of a getter on a prototype':
    "let t; Object.defineProperty({}, 'x', { get() { t = this } }).x; return host(Object.getPrototypeOf(t).constructor('x').process)",
  'the realm behind self':
    "return [self.constructor, system.constructor, Object.getPrototypeOf(self).constructor].some((c) => c && c !== Object) ? 'escaped' : 1",
  'the names of self':
    "return Reflect.ownKeys(self).concat(Reflect.ownKeys(system)).length > 0 ? 'escaped' : 1",
  'a stack formatter of its own':
    "Error.prepareStackTrace = (_, frames) => frames; const s = new Error().stack; return typeof s !== 'string' ? 'escaped' : 1",
  'a stack formatter by defineProperty':
    "Object.defineProperty(Error, 'prepareStackTrace', { value: (_, f) => f }); return 'escaped'",
  'frames of the realm in a stack':
    "let s; try { self.log({ toJSON() { s = new Error().stack; return 1 } }) } catch {} return /realm|process|node:/.test(s) ? 'escaped' : 1",
  'the function of a frame':
    "const o = {}; Error.captureStackTrace(o); return typeof o.stack !== 'string' ? 'escaped' : 1",
  'the formatter called by hand':
    "const r = Error.prepareStackTrace(new Error('x'), [{ getFileName: () => 'flow', getFunctionName: () => '', getLineNumber: () => 1, getColumnNumber: () => 1, isAsync: () => false, isConstructor: () => false }]); return typeof r !== 'string' ? 'escaped' : 1",
  'an error of the host by recursion':
    "const f = () => { try { f() } catch (e) { return e } return 1 }; let e; const g = () => { try { g() } catch (x) { e ??= x } }; g(); return host(e.constructor.constructor('return globalThis')())",
  'an error of the host by JSON':
    "try { JSON.parse('{') } catch (e) { return host(e.constructor.constructor('return process')()) }",
  'an error of the realm':
    "try { self.flow.call({}, 'x'); await self.flow.call({}, 'x') } catch (e) { return host(e.constructor.constructor('return process')()) }",
  'a method on another receiver':
    "const r = await self.flow.call(Object.create(self), 'x').catch((e) => e.name); return r === 'TypeError' ? 1 : 'escaped'",
  'a proxy of self':
    "const p = new Proxy(self, {}); try { p.log('x'); return 'escaped' } catch (e) { return e.name }",
  'a thenable as result':
    "return { then(resolve) { resolve(host(this.constructor.constructor('return globalThis')())) } }",
  'a thenable given to a step':
    "return await self.step('x', () => ({ then(r) { r(host(r.constructor('return globalThis')())) } }))",
  'the resolver of a promise':
    "let c; new Promise((r) => { c = r.constructor }); return host(c('return globalThis')())",
  'a species of promises':
    "class P extends Promise { constructor(f) { super((a, b) => { P.leak = a; f(a, b) }) } }; const p = P.resolve(1); return host(P.leak.constructor('return globalThis')())",
  'a proxy as handler of traps':
    "let t; const p = new Proxy(function () {}, { get(a, b, c) { t = c; return Reflect.get(a, b, c) } }); p.constructor; return host(p.constructor('return globalThis')())",
  'an import expression by text':
    "return host((await self.step('x', () => Function('return import(\"node:fs\")')())).process)",
  WebAssembly:
    "return typeof WebAssembly === 'undefined' && globalThis.WebAssembly === undefined ? 1 : 'escaped'",
  SharedArrayBuffer:
    "return typeof SharedArrayBuffer === 'undefined' && globalThis.Atomics === undefined ? 1 : 'escaped'",
  'shared memory of its own':
    "return 'growable' in ArrayBuffer.prototype ? 'escaped' : typeof globalThis.SharedArrayBuffer === 'undefined' ? 1 : 'escaped'",
  'weak references':
    "return typeof WeakRef === 'undefined' && typeof FinalizationRegistry === 'undefined' ? 1 : 'escaped'",
  'the true time':
    "return new Date().getTime() !== Date.now() || Date.now() > 1e12 || Intl.DateTimeFormat('en', { year: 'numeric' }).format() !== '1970' ? 'escaped' : 1",
  'the true time by a prototype':
    "try { return new (new Date(0).constructor)().getTime() > 1e12 ? 'escaped' : 1 } catch { return 1 }",
  'the true time by Reflect':
    "return Reflect.construct(Object, [], Date).constructor === Date || new globalThis.Date().getTime() > 1e12 || Date().includes('202') ? 'escaped' : 1",
  'the true time by Intl':
    "return new Intl.DateTimeFormat('en', { year: 'numeric' }).formatToParts().some((p) => p.value > '2000') || new (Object.getPrototypeOf(Intl.DateTimeFormat))('en', { year: 'numeric' }).format() > '2000' ? 'escaped' : 1",
  'the true time by Temporal':
    "return typeof Temporal !== 'undefined' && Temporal.Now.instant().epochMilliseconds > 1e12 ? 'escaped' : 1",
  'the true time by an instance of Temporal':
    "return typeof Temporal !== 'undefined' && Temporal.Now.zonedDateTimeISO().year > 2000 ? 'escaped' : 1",
  'the true time behind Temporal':
    "return typeof Temporal !== 'undefined' && Object.getPrototypeOf(Temporal).Now !== undefined ? 'escaped' : 1",
  'the true time behind Intl':
    "try { return new (Object.getPrototypeOf(Intl).DateTimeFormat)('en', { year: 'numeric' }).format() > '2000' ? 'escaped' : 1 } catch { return 1 }",
  'the true time behind a format':
    "try { return new (new Intl.DateTimeFormat().constructor)('en', { year: 'numeric' }).format() > '2000' ? 'escaped' : 1 } catch { return 1 }",
  'the true time of a locale':
    "return new Date().toLocaleDateString('en', { year: 'numeric' }) > '2000' ? 'escaped' : 1",
  performance: "return typeof performance === 'undefined' ? 1 : 'escaped'",
  'the zone of the machine':
    "return Intl.DateTimeFormat().resolvedOptions().timeZone === 'UTC' && new Date(0).getTimezoneOffset() === 0 ? 1 : 'escaped'",
  console:
    "return Object.keys(console).some((k) => /profile|context|clear/.test(k)) ? 'escaped' : 1",
  'ivm by its names':
    "return ['ivm', '_ivm', 'isolated_vm', '$0', '$1', 'process', 'module', 'exports', 'require', 'global'].some((n) => globalThis[n]?.Isolate || globalThis[n]?.env) ? 'escaped' : 1",
  'all names of the global object':
    "const seen = []; for (let o = globalThis; o; o = Object.getPrototypeOf(o)) seen.push(...Object.getOwnPropertyNames(o)); return seen.some((n) => /^(process|Buffer|module|global|ivm|buildRealm|Driver|Run)$/.test(n)) ? 'escaped' : 1",
}

describe('no attempt gets out', () => {
  for (const [index, sandbox] of sandboxes.entries()) {
    for (const [name, body] of Object.entries(ATTEMPTS)) {
      test(`${name} (${index === 0 ? 'auto' : 'permissions'})`, async () => {
        const run = await new TestRun(sandbox, flow(HOST + body)).start()
        const { end } = run
        if (end === null) return
        assert.notEqual(JSON.stringify(end.output), '"escaped"')
        assert.ok(end.reason === undefined, end.message ?? '')
        assert.doesNotMatch(end.message ?? '', /millrace:realm|node:|isolated/)
      })
    }
  }
})

describe('nothing is left behind for the next execution', () => {
  const POISONS: Record<string, string> = {
    'Object.prototype': 'Object.prototype.x = 1',
    'Object.prototype by its setter': '({}).__proto__.x = 1',
    'Array.prototype': 'Array.prototype.push = () => 0',
    'Promise.prototype': 'Promise.prototype.then = () => 0',
    'Promise.resolve': 'Promise.resolve = () => 0',
    JSON: 'JSON.stringify = () => "x"',
    'the global object': 'globalThis.__proto__.x = 1',
    'a name without declaration': 'x = 1',
    'the iterator of arrays': '[][Symbol.iterator]().__proto__.next = () => ({ done: true })',
    'the prototype of generators': '(function* () {})().__proto__.__proto__.next = 1',
    'the prototype of async generators': '(async function* () {})().__proto__.__proto__.next = 1',
    'the prototype of regular expressions':
      'RegExp.prototype.exec = () => null; RegExp.prototype.test = () => true',
    'the prototype of self': 'Object.getPrototypeOf(self).log = "x"',
    'the prototype of system': 'Object.getPrototypeOf(system).flow = 1',
    'the prototype of a file': "Object.getPrototypeOf(system.file('a')).getText = 1",
    'the prototype of records': "Object.getPrototypeOf(system.flow('a')).x = 1",
    'an exception class': 'EngineException.prototype.name = "x"; EngineException.x = 1',
    ReturnWhen: 'ReturnWhen.ALL_ENDED = "x"',
    Symbol: 'Symbol.iterator = 1',
    Math: 'Math.abs = () => 7; Object.getPrototypeOf(Math).abs = () => 7',
    'Error.stackTraceLimit': 'Error.stackTraceLimit = 0',
    'the prototype of dates': 'Date.prototype.getTime = () => 7',
    'the prototype of typed arrays': 'Object.getPrototypeOf(Uint8Array.prototype).set = () => 7',
    'an override through the setter': 'Object.prototype.__defineSetter__("toString", () => 0)',
    'the toString of all by a setter':
      "Object.getOwnPropertyDescriptor(Object.prototype, 'toString').set.call(Object.prototype, () => 'x')",
  }
  const probe = `
    const look = () => JSON.stringify([
      {}.x, [1].push.call([1], 2), typeof Promise.resolve(1).then, JSON.stringify({ a: 1 }), typeof globalThis.x, [...[1, 2]].length,
      [...(function* () { yield 1 })()].length, /a/.test('b'), typeof self.log, new EngineException('x').name, EngineException.x ?? 0,
      typeof system.flow, typeof system.file('a').getText, system.flow('a').x ?? 0, ReturnWhen.ALL_ENDED, Math.abs(-1), Error.stackTraceLimit, new Date(5).getTime(), String({}), new Uint8Array([1]).length])
  `
  for (const [name, poison] of Object.entries(POISONS)) {
    test(name, async () => {
      const source = flow(
        `${probe}; if (inputs.poison) { try { ${poison} } catch (e) { return look() } return look() } return look()`,
      )
      const clean = await new TestRun(sandboxes[0], source).start()
      await new TestRun(sandboxes[0], source, { input: { poison: true } }).start()
      const next = await new TestRun(sandboxes[0], source).start()
      assert.equal(clean.end?.status, 'ENDED_SUCCESS', clean.end?.message ?? '')
      assert.deepEqual(next.end, clean.end)
    })
  }
})

test('what a module keeps at its top is gone with the execution', async () => {
  const source =
    'let n = 0; const seen = []; export default async () => { n++; seen.push(n); return [n, seen.length] }'
  for (let i = 0; i < 3; i++) {
    assert.deepEqual((await new TestRun(sandboxes[0], source).start()).end?.output, [1, 1])
  }
})

test('common code that assigns over inherited properties works', async () => {
  const run = await new TestRun(
    sandboxes[0],
    flow(`
    class Mine extends Error { constructor(m) { super(m); this.name = 'Mine' } }
    function Old() {}
    Old.prototype.toString = function () { return 'old' }
    Old.prototype.constructor = Old
    const o = {}; o.toString = () => 'o'; o.constructor = 1; o.valueOf = () => 3
    const e = new Error(); e.message = 'changed'; e.name = 'Other'
    const d = new Date(1); const a = []; a.toString = () => 'a'
    return [new Mine('x').name, String(new Old()), String(o), e.message, String(e), d.getTime(), String(a), new Mine('q').stack.split('\\n')[0]]`),
  ).start()
  assert.deepEqual(
    run.end?.output,
    ['Mine', 'old', 'o', 'changed', 'Other: changed', 1, 'a', 'Mine: q'],
    run.end?.message ?? '',
  )
})

test('text that only looks like one function is refused', async () => {
  for (const source of [
    '})()}); globalThis.x = 1; (function(){ (async function() {',
    '<!-- \nreturn 1',
    'return 1\n--> x',
  ]) {
    const run = await new TestRun(sandboxes[0], source).start()
    assert.equal(run.end?.reason, 'syntax', run.end?.message ?? JSON.stringify(run.end))
  }
})

test('a process has no files, no network, no environment and no children', async () => {
  // Seen from inside of the process itself, past the isolate: what a fallen first wall would find.
  const { execFileSync } = await import('node:child_process')
  const { findWalls } = await import('./walls.ts')
  const probe = `
    const out = {}
    const attempt = async (name, work) => { try { out[name] = String(await work()).slice(0, 80) } catch (error) { out[name] = 'refused ' + (error.code ?? error.message) } }
    const { readFileSync, writeFileSync } = await import('node:fs')
    await attempt('passwd', () => readFileSync('/etc/passwd', 'utf8'))
    await attempt('hosts', () => readFileSync('/etc/hostname', 'utf8'))
    await attempt('write', () => writeFileSync('/tmp/millrace-escape', 'x'))
    await attempt('spawn', async () => (await import('node:child_process')).execFileSync('/bin/true'))
    await attempt('worker', async () => new (await import('node:worker_threads')).Worker('1', { eval: true }))
    await attempt('network', async () => { const { connect } = await import('node:net'); return new Promise((resolve, reject) => connect(22, '127.0.0.1').on('connect', () => resolve('connected')).on('error', reject)) })
    out.env = Object.keys(process.env).join()
    console.log(JSON.stringify(out)); process.exit(0)`
  for (const isolation of ['auto', 'permissions'] as const) {
    const walls = await findWalls(isolation, '/usr/bin')
    const text = execFileSync(walls.command, [...walls.args.slice(0, -1), probe], {
      env: { TZ: 'UTC' },
      encoding: 'utf8',
    })
    const found = JSON.parse(text) as Record<string, string>
    for (const name of ['passwd', 'hosts', 'write', 'spawn', 'worker', 'network']) {
      assert.match(found[name] ?? '', /^refused/, `${walls.name}: ${name}`)
    }
    assert.match(found['env'] ?? '', /^(TZ|PWD,TZ|TZ,PWD)$/)
  }
})
