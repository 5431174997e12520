import assert from 'node:assert/strict'
import { after, describe, test } from 'node:test'
import type { Json } from '@millrace/replay'
import { refused, TestRun, testSandbox, value } from './testing.ts'
import type { AnswersItself } from './testing.ts'

const sandbox = testSandbox()
after(() => sandbox.close())

const flow = (body: string) =>
  `export default async function handler(system, self, inputs) {\n${body}\n}`
const begin = (body: string, itself?: AnswersItself, input: Json = {}) =>
  new TestRun(sandbox, flow(body), itself === undefined ? { input } : { input, itself }).start()

describe('children', () => {
  test('a flow is called with its inputs and gives its output', async () => {
    const run = await begin(
      "const c = await self.flow(' my-child ', { a: 1 }, { inputs: { b: 2 }, name: 'mine', priority: 3, orphan: true, timeout: 9 }); return [c.output, c.status, c.name, c.type]",
    )
    const { child, returnWhen, timeout } = run.command('call')
    assert.deepEqual(
      { ...child, id: 0 },
      {
        id: 0,
        type: 'FLOW',
        flow: 'my-child',
        input: { a: 1, b: 2 },
        name: 'mine',
        orphan: true,
        priority: 3,
      },
    )
    assert.deepEqual([returnWhen, timeout], ['ALL_SUCCEEDED', 9])
    await run.answer(1, run.good(1, { x: 1 }))
    assert.deepEqual(run.end?.output, [{ x: 1 }, 'ENDED_SUCCESS', 'mine', 'FLOW'])
    assert.equal(run.end.message, null)
  })

  test('init sets fields of the record', async () => {
    const run = await begin(
      "await self.flow('x', {}, { init: { project_id: 'p', description: 'd', metadata: { m: 1 }, scheduled_for: '1970-01-01T00:00:05Z', name: 'n' } })",
    )
    const { projectId, description, metadata, scheduledFor, name } = run.command('call').child
    assert.deepEqual(
      [projectId, description, metadata, scheduledFor, name],
      ['p', 'd', { m: 1 }, 5_000, 'n'],
    )
  })

  test('without waiting it answers at once, and is waited for later', async () => {
    const run = await begin(
      "const c = await self.flow('x', {}, { wait: false }); self.log(c.status); await c.wait({ timeout: 5 }); return c.output",
    )
    assert.equal(run.command('start').run, true)
    assert.deepEqual(run.command('wait'), {
      seq: 3,
      kind: 'wait',
      ids: [run.command('start').child.id],
      returnWhen: 'ALL_SUCCEEDED',
      timeout: 5,
    })
    await run.answer(3, run.good(3, 7))
    assert.equal(run.end?.output, 7)
    assert.deepEqual(run.logs, [['WAITING_ENGINE']])
  })

  test('created without running it is PAUSED until run', async () => {
    const run = await begin(
      "const c = await self.flow('x', {}, { run: false }); self.log(c.status); await c.run(); await c.run(); return c.output",
      (command) => (command.kind === 'control' ? value({ status: 'WAITING_ENGINE' }) : null),
    )
    assert.equal(run.command('start').run, false)
    assert.equal(run.command('control').action, 'resume')
    await run.answerFirst()
    await run.answerFirst()
    assert.equal(run.commands.filter(({ kind }) => kind === 'control').length, 1)
    assert.equal(run.end?.status, 'ENDED_SUCCESS')
  })

  test('runAsync, pause, resume and cancel are controls', async () => {
    const run = await begin(
      "const c = await self.flow('x', {}, { run: false }); (await c.runAsync()).id; await c.pause(); await c.resume(); await c.cancel(); return c.status",
      (command) => (command.kind === 'control' ? value({ status: command.action }) : null),
    )
    assert.deepEqual(
      run.commands.flatMap((c) => (c.kind === 'control' ? [c.action] : [])),
      ['resume', 'pause', 'resume', 'cancel'],
    )
    assert.equal(run.end?.output, 'cancel')
  })

  test('a script and both forms of connect', async () => {
    const run = await begin(
      "await Promise.all([self.script('return 1', { a: 1 }), self.connect('db', { fetchval: 'x' }, { timeout: 3 }), self.connect({ connector_type: 'REST', url: 'u' }, { wait: 'ALL_ENDED' })])",
    )
    const [script, named, inline] = run.commands.map((command) =>
      command.kind === 'call' ? { ...command.child, id: 0 } : null,
    )
    assert.deepEqual(script, { id: 0, type: 'SCRIPT', script: 'return 1', input: { a: 1 } })
    assert.deepEqual(named, {
      id: 0,
      type: 'CONNECTION',
      connector: 'db',
      input: { fetchval: 'x' },
    })
    assert.deepEqual(inline, {
      id: 0,
      type: 'CONNECTION',
      connectorType: 'REST',
      input: { url: 'u' },
    })
  })

  test('the ids of children are those of their call', async () => {
    const run = await begin(
      "await self.flow('a', {}, { wait: false }); await self.flow('b', {}, { wait: false }); await self.sleep(1)",
    )
    const ids = run.commands.flatMap((c) => (c.kind === 'start' ? [c.child.id] : []))
    assert.equal(new Set(ids).size, 2)
    for (const id of ids)
      assert.match(id, /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/)
  })

  test('a child that fails throws DependencyFailedError with what has ended', async () => {
    const run = await begin(
      "try { await self.flow('x') } catch (e) { return [e instanceof DependencyFailedError, e.name, e.message, e.executions[0].output, e.executions[0].status] }",
    )
    await run.answer(1, run.bad(1, 'boom', { why: 1 }))
    assert.deepEqual(run.end?.output, [
      true,
      'DependencyFailedError',
      'x ended in error: boom',
      { why: 1 },
      'ENDED_ERROR',
    ])
  })

  test('uncaught it ends the flow, at the line of the call', async () => {
    const run = await begin("\n  await self.flow('x')")
    await run.answer(1, run.bad(1, 'boom'))
    assert.equal(run.end?.status, 'ENDED_ERROR')
    assert.match(
      run.end.message ?? '',
      /^DependencyFailedError: x ended in error: boom\n {4}at handler \(flow:3:14\)$/,
    )
  })

  test('a connection that fails throws ConnectionError with code, phase and outcome', async () => {
    const body =
      "try { await self.connect('db') } catch (e) { return [e.name, e.code, e.phase, e.outcome, e instanceof DependencyFailedError, e.message] }"
    const run = await begin(body)
    await run.answer(
      1,
      run.bad(1, 'no route', { error: { code: 'TIMEOUT', phase: 'connect', outcome: 'none' } }),
    )
    assert.deepEqual(run.end?.output, [
      'ConnectionError',
      'TIMEOUT',
      'connect',
      'none',
      true,
      'db ended in error: no route',
    ])
    const input = await begin(body)
    await input.answer(
      1,
      input.bad(1, 'x is missing', { error: { code: 'INPUT', name: 'MissingInputError' } }),
    )
    assert.deepEqual(JSON.stringify(input.end?.output).slice(0, 20), '["MissingInputError"')
  })

  test('what the engine refuses is thrown with the name it was given', async () => {
    const run = await begin(
      "try { await self.flow('x') } catch (e) { return [e instanceof ResourceNotFoundError, e.message, e.details] }",
      () => refused('ResourceNotFoundError', 'no flow "x"', { name: 'x' }),
    )
    assert.deepEqual(run.end?.output, [true, 'no flow "x"', { name: 'x' }])
  })

  test('a timeout throws the error that belongs to the call', async () => {
    const run = await begin(
      "try { await self.flow('x', {}, { timeout: 1 }) } catch (e) { return [e.name, e instanceof TimeoutExceededError] }",
    )
    await run.answer(1, { kind: 'timeout' })
    assert.deepEqual(run.end?.output, ['DependencyTimeoutError', true])
  })

  test('get and load read fields of another execution', async () => {
    const run = await begin(
      "const e = system.execution('some-id'); return [await e.get('name'), await e.get('name', 'status'), await e.load('name'), e.status]",
    )
    const fields = run.commands.map((c) => (c.kind === 'read' ? c.fields : []))
    assert.deepEqual(fields, [['name'], ['status'], ['name']])
    assert.deepEqual(run.end?.output, [
      'name of some-id',
      ['name of some-id', 'status of some-id'],
      'name of some-id',
      'status of some-id',
    ])
  })
})

describe('waiting', () => {
  const two =
    "const a = await self.flow('a', {}, { wait: false }); const b = await self.flow('b', {}, { wait: false });"

  test('waitFor passes on when to return, and gives those that have ended', async () => {
    const run = await begin(
      `${two} const done = await self.waitFor([a, b], { returnWhen: 'FIRST_ENDED', timeout: 30 }); return done.map((c) => c.name)`,
    )
    const wait = run.command('wait')
    assert.deepEqual([wait.returnWhen, wait.timeout, wait.ids.length], ['FIRST_ENDED', 30, 2])
    const [, second = ''] = wait.ids
    await run.answer(3, {
      kind: 'dependency',
      verdict: 'met',
      ended: [{ id: second, status: 'ENDED_SUCCESS', message: null, output: { v: 1 } }],
    })
    assert.deepEqual(run.end?.output, ['b'])
  })

  test('n of m, constants and ids', async () => {
    const run = await begin(
      `${two} await Promise.allSettled([self.waitFor([a, b], { returnWhen: { ended: 2 } }), self.waitFor([a, 'other'], { returnWhen: { succeeded: 1 } }), self.waitFor(a, { returnWhen: ReturnWhen.ALL_ENDED }), self.waitFor([a], { returnWhen: system.returnWhen.FIRST_SUCCEEDED })])`,
    )
    assert.deepEqual(
      run.commands.flatMap((c) => (c.kind === 'wait' ? [c.returnWhen] : [])),
      [{ ended: 2 }, { succeeded: 1 }, 'ALL_ENDED', 'FIRST_SUCCEEDED'],
    )
  })

  test('nothing to wait for is over at once', async () => {
    assert.deepEqual((await begin('return self.waitFor([])')).end?.output, [])
  })

  test('sleep and sleepUntil', async () => {
    const run = await begin(
      "await Promise.all([self.sleep(1.5), self.sleepUntil(5000), self.sleepUntil(new Date(6000)), self.sleepUntil('1970-01-01T00:00:07Z')])",
    )
    assert.deepEqual(run.commands, [
      { seq: 1, kind: 'sleep', seconds: 1.5 },
      { seq: 2, kind: 'sleep', until: 5_000 },
      { seq: 3, kind: 'sleep', until: 6_000 },
      { seq: 4, kind: 'sleep', until: 7_000 },
    ])
    assert.deepEqual(run.last.open, [1, 2, 3, 4])
  })

  test('race and any have the winner that was answered first', async () => {
    const run = await begin(
      "return Promise.race([self.sleep(5).then(() => 'a'), self.flow('x').then(() => 'b')])",
    )
    await run.answer(2, run.good(2))
    assert.equal(run.end?.output, 'b')
    const any = await begin(
      "return Promise.any([self.flow('a'), self.flow('b')]).then((c) => c.name)",
    )
    await any.answer(1, any.bad(1, 'no'))
    assert.equal(any.end, null)
    await any.answer(2, any.good(2))
    assert.equal(any.end, any.last.end)
    assert.equal(any.last.end?.output, 'b')
  })

  test('what can never come ends the flow with the reason', async () => {
    const { end } = await begin('await new Promise(() => {})')
    assert.equal(end?.reason, 'nothing_to_wait_for')
  })

  test('time goes on with the answers only', async () => {
    const run = await begin(
      'const a = Date.now(); await self.sleep(1); return [a, Date.now(), new Date().toISOString()]',
    )
    await run.answerFirst()
    assert.deepEqual(run.end?.output, [1_000, 1_100, '1970-01-01T00:00:01.100Z'])
  })
})

describe('settings and locks', () => {
  test('get, set, acquire, release, lock', async () => {
    const run = await begin(
      "const s = system.setting('s'); const v = await s.get(); await s.set({ v }); const h = await s.acquire({ timeout: 4 }); await s.release(); const r = await s.lock(async () => 'alone'); return [v, h.token, r]",
    )
    await run.answerFirst()
    await run.answerFirst()
    assert.deepEqual(
      run.commands.map(({ kind }) => kind),
      ['setting_get', 'setting_set', 'lock', 'unlock', 'lock', 'unlock'],
    )
    assert.deepEqual(run.commands[2], { seq: 3, kind: 'lock', lock: { setting: 's' }, timeout: 4 })
    assert.deepEqual(run.end?.output, ['value of s', 3, 'alone'])
  })

  test('a semaphore has a capacity', async () => {
    const run = await begin("await system.semaphore('m', 3).lock(() => 1, { timeout: 2 })")
    assert.deepEqual(run.command('lock'), {
      seq: 1,
      kind: 'lock',
      lock: { semaphore: 'm', capacity: 3 },
      timeout: 2,
    })
  })

  test('a lock is released when its work throws, and timeouts and deadlocks have their errors', async () => {
    const run = await begin(
      "try { await system.setting('s').lock(() => { throw new Error('x') }) } catch (e) { return e.message }",
    )
    await run.answerFirst()
    assert.equal(run.command('unlock').seq, 2)
    assert.equal(run.end?.output, 'x')
    const late = await begin(
      "try { await system.setting('s').acquire({ timeout: 1 }) } catch (e) { return e.name }",
    )
    await late.answer(1, { kind: 'timeout' })
    assert.equal(late.end?.output, 'LockTimeoutError')
    const dead = await begin(
      "try { await system.setting('s').acquire() } catch (e) { return [e instanceof DeadlockError, e.details.cycle] }",
    )
    await dead.answer(1, refused('DeadlockError', 'circle', { cycle: ['a'] }))
    assert.deepEqual(dead.end?.output, [true, ['a']])
  })
})

describe('messages', () => {
  test('a message waits for its answer unless told otherwise', async () => {
    const run = await begin(
      "const m = await self.message({ subject: 'Go?', message: 'Shall we?', assignees: ['anna'], due_at: new Date(5_000), timeout: 60 }); return [m.id, m.subject, m.status, m.response, m.button, await m.get('answered_by')]",
    )
    const { message, wait, timeout } = run.command('message')
    assert.deepEqual(
      [message.content, message.fields, wait, timeout],
      [
        { subject: 'Go?', message: 'Shall we?' },
        { assignees: ['anna'], due_at: '1970-01-01T00:00:05.000Z' },
        true,
        60,
      ],
    )
    await run.answer(1, run.good(1, { go: true }))
    assert.deepEqual(run.end?.output, [message.id, 'Go?', 'ANSWERED', { go: true }, 'ok', 'anna'])
    assert.equal(run.commands.length, 1, 'what the answer said is not read again')
    assert.deepEqual(run.history[0]?.label, 'Go?')
  })

  test('without waiting it is open, linked to, and waited for later or by others', async () => {
    const run = await begin(
      "const m = await self.message({ request: 'Your name', wait: false }); self.log(m.status); const { url } = await m.link('ben', { expires_after: 60 }); await m.wait({ timeout: 5 }); const n = system.message('some-id'); self.log(await n.get('assignees')); await n.wait(); return [url, m.response, n.status]",
    )
    const { id } = run.command('message').message
    assert.deepEqual(run.command('message_link'), {
      seq: 3,
      kind: 'message_link',
      id,
      recipient: 'ben',
      expiresAfter: 60,
    })
    assert.deepEqual(run.command('message_wait'), {
      seq: 4,
      kind: 'message_wait',
      id,
      timeout: 5,
    })
    await run.answer(4, run.good(4, { string: 'Ben' }))
    assert.deepEqual(run.logs, [['OPEN'], [['anna']]])
    const last = run.command('message_wait')
    assert.deepEqual([last.id, last.timeout], ['some-id', null])
    await run.answer(last.seq, run.good(last.seq))
    assert.deepEqual(run.end?.output, ['http://x/answer/ben', { string: 'Ben' }, 'ANSWERED'])
  })

  test('a timeout and a closed message have their errors, and a replay makes the same message', async () => {
    const body =
      "try { await self.message({ message: 'x', timeout: 2 }) } catch (e) { self.log(e instanceof TimeoutExceededError, e.name, e.message) } try { await system.message('m').wait() } catch (e) { return [e instanceof MessageClosedError, e.details.reason] }"
    const run = await begin(body)
    await run.answer(1, { kind: 'timeout' })
    assert.deepEqual(run.logs, [
      [true, 'MessageResponseTimeoutError', 'nobody answered the message "x" within 2 s'],
    ])
    const { seq } = run.command('message_wait')
    await run.answer(seq, refused('MessageClosedError', 'closed', { reason: 'ENDED' }))
    assert.deepEqual(run.end?.output, [true, 'ENDED'])
    const again = await run.run(run.starting())
    assert.deepEqual(again.end, run.end)
  })

  test('wrong arguments are named, and inside a step nobody is asked', async () => {
    for (const [call, problem] of [
      ["self.message('text')", /first argument must be an object/],
      ["self.message({ text: 'x' })", /has no "text"; it knows subject/],
      ["self.message({ message: 'x', wait: 'yes' })", /wait must be true or false/],
      ["self.message({ message: 'x', wait: false, timeout: 1 })", /timeout must be left out/],
      ["self.message({ message: 'x', due_at: 'soon' })", /due_at must be a Date/],
      ["system.message('m').get('nonsense')", /field must be one of id, subject/],
      ["system.message('m').link(3)", /recipient must be a string/],
      ["self.step('s', () => self.message({ message: 'x' }))", /inside the step "s"/],
    ] as const) {
      const run = await begin(`try { await ${call} } catch (e) { return e.message }`)
      assert.match(String(run.end?.output), problem, call)
    }
  })
})

describe('steps and logs', () => {
  test('a step is recorded with what JSON keeps of it', async () => {
    const run = await begin(
      "return [await self.step('a', () => new Date(5)), await self.step('b', async () => ({ x: undefined, y: 1 })), await self.step('c', () => {})]",
    )
    assert.deepEqual(run.end?.output, ['1970-01-01T00:00:00.005Z', { y: 1 }, null])
    assert.deepEqual(
      run.history.map(({ kind, label, line }) => [kind, label, line]),
      [
        ['step', 'a', 2],
        ['step', 'b', 2],
        ['step', 'c', 2],
      ],
    )
  })

  test('a step that throws is recorded as the error', async () => {
    const run = await begin(
      "try { await self.step('a', () => { throw Object.assign(new TypeError('bad'), { code: 'X' }) }) } catch (e) { return [e instanceof TypeError, e.message, e.code] }",
    )
    assert.deepEqual(run.end?.output, [true, 'bad', 'X'])
    const uncaught = await begin("await self.step('a', () => {\n  throw new Error('deep')\n})")
    assert.match(
      uncaught.end?.message ?? '',
      /^Error: deep\n {4}at flow:3:9\n {4}at default|^Error: deep\n {4}at flow:3:9\n {4}at handler \(flow:2:12\)/,
    )
  })

  test('calls of the API inside a step are refused', async () => {
    for (const inner of [
      '() => self.log(1)',
      "async () => { await self.flow('x') }",
      'async () => { await null; await self.sleep(1) }',
      "async () => { await null; await null; self.success('x') }",
      "() => self.success('x')",
    ]) {
      const run = await begin(
        `try { await self.step('a', ${inner}) } catch (e) { return e.message }`,
      )
      assert.match(String(run.end?.output), /cannot be called inside the step "a"/, inner)
    }
  })

  test('a step that awaits what is not its own fails', async () => {
    const run = await begin(
      "const p = self.sleep(1); try { await self.step('a', async () => { await p }) } catch (e) { return e.message }",
    )
    assert.match(String(run.end?.output), /awaits something outside of itself/)
  })

  test('log takes any values', async () => {
    const run = await begin(
      "const c = {}; c.c = c; self.log('a', { b: 1 }, undefined, 5n, () => 1, c, new Map([[1, 2]]), new Error('e')); console.log('x'); return 1",
    )
    const [first, second] = run.logs as Json[][]
    assert.deepEqual(first?.slice(0, 7), [
      'a',
      { b: 1 },
      null,
      '5',
      '[function ]',
      { c: '[circular]' },
      [[1, 2]],
    ])
    assert.match(String(first?.[7]), /^Error: e/)
    assert.deepEqual(second, ['x'])
  })

  test('random numbers and ids are the same in a replay, and steps have their own', async () => {
    const body =
      "const a = [Math.random(), crypto.randomUUID()]; const s = await self.step('s', () => Math.random()); await self.sleep(1); return [a, s, Math.random()]"
    const run = await begin(body)
    const again = await run.run(run.starting())
    assert.deepEqual(again.entries, [])
    await run.answerFirst()
    assert.deepEqual((await run.run(run.starting())).end, run.end)
    const other = await begin(body)
    await other.answerFirst()
    assert.notDeepEqual(other.end?.output, run.end?.output)
  })
})
