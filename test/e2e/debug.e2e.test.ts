import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { ApiError, type DebugState, type Json } from '@millrace/client'
import { createRig, type Rig, runCommand, type Stack, startStack } from '../stack/index.ts'

const LOOP = `  let sum = 0
  for (const n of [1, 2, 3, 4]) {
    const double = await self.step('double', () => n * 2)
    sum += double
    await self.sleep(0.01)
  }
  return { sum }`

describe('the debugger', { timeout: 300_000 }, () => {
  let stack: Stack
  let rig: Rig

  before(async () => {
    stack = await startStack()
    rig = createRig(stack.client)
  })
  after(() => stack.stop())

  /** Its next stop, or its end. */
  const stopped = async (id: string): Promise<DebugState> => {
    const state = await stack.client.executions.debugState(id, { waitSeconds: 60 })
    assert.ok(state.is_stopped, JSON.stringify(state))
    return state
  }
  const variable = ({ stop }: DebugState, name: string): Json | undefined =>
    stop?.variables.find((one) => one.name === name)?.value
  const start = (body: string, more: object = {}) =>
    rig.start(body, {}, { is_productive: false, ...more })

  test('a stop in a loop outlives the death of everything, and the run ends right', async () => {
    const { id } = await start(LOOP, { breakpoints: [5] })
    const first = await stopped(id)
    assert.deepEqual([first.stop?.line, variable(first, 'n'), variable(first, 'sum')], [5, 1, 0])
    await stack.client.executions.debug(id, { action: 'continue' })
    const before = await stopped(id)
    assert.deepEqual(
      [before.stop?.line, before.stop?.hit, variable(before, 'n'), variable(before, 'sum')],
      [5, 2, 2, 2],
    )
    assert.deepEqual((await stack.client.executions.get(id)).status, 'PAUSED')

    await stack.killAll()
    stack = await startStack({ home: stack.home })
    rig = createRig(stack.client)

    const again = await stopped(id)
    assert.deepEqual(again, before)
    assert.match((await rig.why(id)).reason ?? '', /stopped it before line 5/)
    await stack.client.executions.debug(id, { action: 'step_over', seq: again.stop?.seq ?? 0 })
    const next = await stopped(id)
    assert.deepEqual([next.stop?.line, next.stop?.reason, variable(next, 'sum')], [6, 'step', 6])
    await stack.client.executions.debug(id, { breakpoints: [8], action: 'continue' })
    const last = await stopped(id)
    assert.deepEqual([last.stop?.line, variable(last, 'sum')], [8, 20])
    await stack.client.executions.debug(id, { action: 'continue' })
    const ended = await rig.ended(id)
    assert.deepEqual([ended.status, ended.output_value], ['ENDED_SUCCESS', { sum: 20 }])
    const steps = (await stack.client.executions.savepoints(id, { limit: 100 })).items
    assert.equal(steps.filter(({ command }) => command === 'step').length, 4)
  })

  test('one steps into a child, and back out of it', async () => {
    await rig.flow('debug-child', `  const twice = inputs.n * 2\n  return twice`)
    const { id } = await start(
      `  const child = await self.flow('debug-child', { n: 4 })\n  return child.output`,
      { break: true },
    )
    assert.equal((await stopped(id)).stop?.line, 2)
    await stack.client.executions.debug(id, { action: 'step_into' })
    const parent = await rig.reaches(id, 'WAITING_DEPENDENCY')
    const [child] = await rig.children(parent.id)
    const inside = await stopped(child?.id ?? '')
    assert.deepEqual([child?.is_productive, inside.stop?.line], [false, 2])
    await stack.client.executions.debug(child?.id ?? '', { action: 'continue' })
    const back = await stopped(id)
    assert.deepEqual([back.stop?.line, back.stop?.reason], [3, 'step'])
    await stack.client.executions.debug(id, { action: 'continue' })
    assert.equal((await rig.ended(id)).output_value, 8)
  })

  test('an ended run that was never debugged shows its variables at each of its calls', async () => {
    const { id } = await rig.run(LOOP)
    const { items } = await stack.client.executions.savepoints(id, { limit: 100 })
    const second = items.filter(({ command }) => command === 'sleep')[1]
    const seen = await stack.client.executions.inspect(id, {
      seq: second?.seq ?? 0,
      expressions: ['sum * 100', 'missing', 'sum = 0'],
    })
    assert.deepEqual([seen.line, seen.variables.find(({ name }) => name === 'sum')?.value], [6, 6])
    assert.deepEqual(
      seen.values?.map((one) => ('error' in one ? one.error : one.value)),
      [600, 'ReferenceError: missing is not defined', 0],
    )
    await assert.rejects(
      stack.client.executions.inspect(id, { seq: 99 }),
      (error) => error instanceof ApiError && error.status === 422,
    )
  })

  test('what becomes productive goes on without its stops', async () => {
    const { id } = await start(LOOP, { breakpoints: [5] })
    await stopped(id)
    const after = await stack.client.executions.makeProductive(id)
    assert.equal(after.is_productive, true)
    assert.deepEqual((await rig.ended(id)).output_value, { sum: 20 })
    await assert.rejects(
      stack.client.executions.debug(id, { action: 'break' }),
      (error) => error instanceof ApiError && error.status === 409,
    )
  })

  test('fixed breakpoints stop, and nothing else can', async () => {
    const { id } = await start(LOOP, { breakpoints: [5], use_only_explicit_breakpoints: true })
    assert.equal((await stopped(id)).stop?.line, 5)
    for (const request of [{ action: 'step_over' }, { breakpoints: [6] }] as const)
      await assert.rejects(
        stack.client.executions.debug(id, request),
        (error) => error instanceof ApiError && error.status === 409,
      )
    for (const n of [2, 3, 4]) {
      await stack.client.executions.debug(id, { action: 'continue' })
      assert.equal(variable(await stopped(id), 'n'), n)
    }
    await stack.client.executions.debug(id, { action: 'continue' })
    assert.deepEqual((await rig.ended(id)).output_value, { sum: 20 })
  })

  test('the command line stops, looks around, steps and goes on', async () => {
    const run = async (argv: readonly string[], stdin?: string) => {
      const ran = await runCommand(stack.home, argv, stdin)
      assert.equal(ran.exitCode, 0, ran.err)
      return ran.out
    }
    const created = await start(LOOP, { break: true })
    await stopped(created.id)
    assert.match(await run(['debug', created.id, 'where']), /stopped before line 2 \(break\)\n/)
    assert.match(await run(['debug', created.id, 'to', '5']), /> 5 \| {5}sum \+= double/)
    assert.match(await run(['debug', created.id, 'vars']), /^double = 2$/m)
    assert.equal((await run(['debug', created.id, 'print', 'double', '+', '1'])).trim(), '3')
    assert.equal((await run(['debug', created.id, 'breakpoints', '8'])).trim(), 'lines 8')
    const session = await run(['debug', created.id], 'continue\nprint sum\ncontinue\n')
    assert.match(session, /stopped before line 8 \(breakpoint\)/)
    assert.match(session, /^20$/m)
    assert.match(session, /ENDED_SUCCESS/)
  })
})
