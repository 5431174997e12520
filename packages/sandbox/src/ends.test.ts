import assert from 'node:assert/strict'
import { after, describe, test } from 'node:test'
import type { Json } from '@millrace/replay'
import { TestRun, testSandbox } from './testing.ts'
import type { AnswersItself } from './testing.ts'

const sandbox = testSandbox()
after(() => sandbox.close())

const flow = (body: string) =>
  `export default async function handler(system, self, inputs) {\n${body}\n}`
const begin = (body: string, itself?: AnswersItself, input: Json = {}) =>
  new TestRun(sandbox, flow(body), itself === undefined ? { input } : { input, itself }).start()

describe('ends', () => {
  const ENDS: [string, string, string | null, Json][] = [
    ['return { a: 1 }', 'ENDED_SUCCESS', null, { a: 1 }],
    ['return', 'ENDED_SUCCESS', null, null],
    ["return self.success('all done')", 'ENDED_SUCCESS', 'all done', null],
    ['self.success()', 'ENDED_SUCCESS', null, null],
    ["self.error('no')", 'ENDED_ERROR', 'no', null],
    ["self.cancel('stop')", 'ENDED_CANCELLED', 'stop', null],
    ["self.end('success', 'm')", 'ENDED_SUCCESS', 'm', null],
    ["self.end('ENDED_ERROR', 'm')", 'ENDED_ERROR', 'm', null],
    ["self.end('ENDED_CANCELLED')", 'ENDED_CANCELLED', null, null],
    [
      "self.setOutput('a', 1); self.setOutput({ b: 2 }); return { c: 3 }",
      'ENDED_SUCCESS',
      null,
      { a: 1, b: 2 },
    ],
    ["self.setOutput('a', 1); self.error('m')", 'ENDED_ERROR', 'm', { a: 1 }],
    ["self.save({ output_value: [1], message: 'half' }); return", 'ENDED_SUCCESS', 'half', [1]],
    ["try { self.success('first') } catch {} self.log('after')", 'ENDED_SUCCESS', 'first', null],
    [
      "try { self.success('first') } finally { self.error('second') }",
      'ENDED_SUCCESS',
      'first',
      null,
    ],
    ["try { self.error('first') } finally { return 'value' }", 'ENDED_ERROR', 'first', null],
    [
      "try { self.cancel('first') } catch { await new Promise(() => {}) }",
      'ENDED_CANCELLED',
      'first',
      null,
    ],
    [
      "for (let i = 0; i < 5; i++) try { self.success('x' + i) } catch {} throw new Error('e')",
      'ENDED_SUCCESS',
      'x0',
      null,
    ],
    [
      "await Promise.all([self.sleep(9), (async () => self.success('early'))()])",
      'ENDED_SUCCESS',
      'early',
      null,
    ],
  ]
  for (const [body, status, message, output] of ENDS) {
    test(body, async () => {
      const { end } = await begin(body)
      assert.deepEqual(end, { status, message, output })
    })
  }

  test('commands before the end are still made', async () => {
    const run = await begin("void self.flow('x', {}, { wait: false }); return 1")
    assert.equal(run.command('start').child.flow, 'x')
    assert.equal(run.end?.output, 1)
  })

  test('save and setOutput say what has changed', async () => {
    const run = await begin(
      "self.save({ message: 'half', name: 'new' }); self.setOutput('a', 1); await self.sleep(1); return self.name",
    )
    assert.deepEqual(run.last.fields, { name: 'new', message: 'half', output: { a: 1 } })
    assert.deepEqual([run.last.line, run.last.lastCommand], [2, 'self.sleep 1 s'])
    await run.answerFirst()
    assert.equal(run.last.fields, null)
    assert.deepEqual(run.end?.output, { a: 1 })
  })

  test('self knows itself', async () => {
    const run = await begin(
      "return [self.name, self.type, self.workspaceId, self.parentId, await self.get('input_value'), await self.get('id') === self.id]",
      undefined,
      { i: 1 },
    )
    assert.deepEqual(run.end?.output, ['test', 'FLOW', 'w', null, { i: 1 }, true])
  })

  test('an uncaught exception shows the author’s lines only', async () => {
    const run = await begin(
      "const inner = () => {\n  throw new RangeError('boom')\n}\nawait null\ninner()",
    )
    assert.equal(
      run.end?.message,
      'RangeError: boom\n    at inner (flow:3:9)\n    at handler (flow:6:1)',
    )
    assert.match((await begin("throw 'text'")).end?.message ?? '', /^Uncaught text$/)
    assert.match(
      (await begin("throw new Error('a', { cause: new TypeError('b') })")).end?.message ?? '',
      /caused by: TypeError: b/,
    )
  })

  test('a rejection that nobody awaits ends nothing', async () => {
    const run = await begin(
      "void self.flow('x'); Promise.reject(new Error('floating')); await self.sleep(1); return 1",
    )
    await run.answer(1, run.bad(1, 'no'))
    await run.answer(2, run.good(2))
    assert.equal(run.end?.output, 1)
  })

  test('a replay that differs says what was recorded and what the code does now', async () => {
    const run = await begin("await self.flow('a', { n: inputs.n }); await self.sleep(1)")
    const changed = run.history.map((entry) => ({ ...entry, label: 'other', digest: 'x' }))
    const { end } = await run.run({ ...run.starting(), kind: 'start', history: changed } as never)
    assert.equal(end?.reason, 'diverged')
    assert.match(
      end.message ?? '',
      /recorded was call "other" \(line 2\), the code now makes call "a" \(line 2\)/,
    )
    const more = [...run.history, ...run.history.map((entry) => ({ ...entry, seq: 2 }))]
    const short = await run.run({ ...run.starting(), kind: 'start', history: more } as never)
    assert.match(
      short.end?.message ?? '',
      /call 2: recorded was call "a" \(line 2\), the code now makes no further call/,
    )
  })
})

describe('arguments', () => {
  const WRONG: [string, RegExp][] = [
    ['self.flow()', /self\.flow: name must be a string, not undefined/],
    ["self.flow('')", /name must be a name that is not empty/],
    ["self.flow('x', 5)", /inputs must be an object, not 5/],
    ["self.flow('x', {}, { wait: 5 })", /options\.wait must be 'ALL_ENDED'/],
    ["self.flow('x', {}, { wiat: true })", /options has no "wiat"; it knows wait, run/],
    [
      "self.flow('x', {}, { timeout: '5' })",
      /timeout must be a number of seconds that is not negative, not "5"/,
    ],
    ["self.flow('x', {}, { init: { status: 'x' } })", /options\.init has no "status"/],
    ["self.flow('x', { f: 5n })", /cannot be written as JSON/],
    ["self.flow('x', {}, { priority: 1.5 })", /priority must be a whole number/],
    ['self.connect({})', /connector_type must be the name of a connector type/],
    ['self.script(5)', /source must be a string, not 5/],
    ["self.step('x')", /the second argument must be a function/],
    ['self.sleep(-1)', /seconds must be a number of seconds/],
    ["self.sleep('1')", /seconds must be/],
    ["self.sleepUntil('soon')", /time must be a Date/],
    ['self.waitFor([5])', /executions must be a list of executions or their ids, not 5/],
    ["self.waitFor([], { returnWhen: 'FIRST_ENDED' })", /at least one execution/],
    [
      "self.waitFor(['x'], { returnWhen: { ended: 2 } })",
      /returnWhen\.ended must be a whole number from 1 to 1/,
    ],
    ["(async () => system.semaphore('x', 0))()", /capacity must be a whole number/],
    ["(async () => self.save({ status: 'x' }))()", /fields has no "status"/],
    ["(async () => self.end('x'))()", /status must be 'ENDED_SUCCESS'/],
    [
      '(async () => setTimeout(() => 1, 5))()',
      /setTimeout does not exist in a flow: use await self\.sleep/,
    ],
    ["(async () => fetch('x'))()", /fetch does not exist in a flow/],
  ]
  for (const [call, message] of WRONG) {
    test(call, async () => {
      const run = await begin(`try { await ${call} } catch (e) { return [e.name, e.message] }`)
      const given = run.end?.output
      assert.ok(Array.isArray(given))
      const [name, text] = given.map(String)
      assert.match(text ?? '', message)
      assert.match(name ?? '', /InvalidInputError|TypeError/)
      assert.deepEqual(run.commands, [])
    })
  }
})
