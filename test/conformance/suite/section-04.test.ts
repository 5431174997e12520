import assert from 'node:assert/strict'
import { describe } from 'node:test'
import { ApiError } from '@millrace/client'
import { newId } from '@millrace/runtime'
import { until } from '../../stack/index.ts'
import { type Doors, item, property, useDoors } from '../harness.ts'

/** Three calls that can be told apart: what a step drew, what a child gave, and the rest. */
const THREE = `
  const drawn = await self.step('draw', () => Math.random())
  self.setOutput('drawn', drawn)
  const child = await self.flow('past-double', { n: 4 })
  self.setOutput('child', child.id)
  self.log('nearly', 'done')
  self.setOutput('end', inputs.end ?? 'none')`

const refusal = (status: number, words: RegExp) => (error: unknown) => {
  assert.ok(error instanceof ApiError, String(error))
  assert.equal(error.status, status, error.message)
  assert.match(error.problem.detail ?? '', words)
  return true
}

interface Output {
  readonly drawn: number
  readonly child: string
  readonly end: string
}

describe('savepoints, reverts and reruns', { concurrency: 3, timeout: 240_000 }, () => {
  useDoors(async ({ rig }) => {
    await rig.flow('past-double', 'return { twice: inputs.n * 2 }')
    await rig.flow('past-three', THREE)
  })

  const outputOf = async ({ client }: Doors, id: string) =>
    (await client.executions.get(id)).output_value as unknown as Output

  item(
    ['4.1', '4.2', 'D34'],
    'every call is a savepoint with number, name, line, time and outcome',
    async ({ rig, client, rest }) => {
      const { id } = await rig.run(
        `await self.step('a', () => 1)\nself.log('x')\nawait self.sleep(0.01)\nawait self.flow('past-double', { n: 1 })`,
      )
      const { items } = await client.executions.savepoints(id)
      assert.deepEqual(
        items.map((one) => [one.id, one.seq, one.command, one.name, one.lineno, one.state]),
        [
          ['1.1', 1, 'step', 'a', 2, 'done'],
          ['1.2', 2, 'log', '', 3, 'done'],
          ['1.3', 3, 'sleep', '0.01 s', 4, 'done'],
          ['1.4', 4, 'call', 'past-double', 5, 'done'],
        ],
      )
      for (const one of items)
        assert.ok(Date.parse(one.created_at) <= Date.parse(one.answered_at ?? ''))
      const page = await rest('GET', `/execution/${id}/savepoint?limit=2`)
      assert.equal((page.json['items'] as unknown[]).length, 2)
      const cursor = encodeURIComponent(String(page.json['next_cursor']))
      const next = await rest('GET', `/execution/${id}/savepoint?limit=2&cursor=${cursor}`)
      assert.deepEqual(
        (next.json['items'] as { seq: number }[]).map(({ seq }) => seq),
        [3, 4],
      )
    },
  )

  item(
    ['4.4', '4.5', 'D38'],
    'code goes back to a savepoint that it has named, and is told how often',
    async ({ rig, client }) => {
      const ended = await rig.run(`
        const times = await self.savepoint('here')
        self.log('time', times)
        await self.flow('past-double', { n: times })
        if (times < 3) self.revert('here')
        return times`)
      assert.deepEqual(
        [ended.status, ended.output_value],
        ['ENDED_SUCCESS', 3],
        ended.message ?? '',
      )
      const { items } = await client.executions.reverts(ended.id)
      assert.deepEqual(
        items.map((one) => [one.generation, one.savepoint_id, one.created_by]),
        [
          [2, '1.1', null],
          [3, '2.1', null],
          [4, '3.1', null],
        ],
      )
      assert.deepEqual(await rig.logs(ended.id), ['time', 0, 'time', 1, 'time', 2, 'time', 3])
      const old = await rig.output(
        `const n = await self.saveDump('x'); if (n < 1) self.loadDump('x'); return n`,
      )
      assert.equal(old, 1)
      const unknown = await rig.output(
        `try { self.revert('nowhere') } catch (error) { return error.name }`,
      )
      assert.equal(unknown, 'ResourceNotFoundError')
    },
  )

  item('D38', 'code that comes back for ever ends in an error', async ({ rig }) => {
    const ended = await rig.ended(
      (await rig.start(`await self.savepoint('x'); self.revert('x')`)).id,
      120,
    )
    assert.equal(ended.status, 'ENDED_ERROR')
    assert.match(ended.message ?? '', /savepoint 1 1000 times/)
  })

  item(
    ['4.5', '4.6', 'D35', '3.16b'],
    'a person takes an ended run back: the same id, what was before kept, what came after done again',
    async (doors) => {
      const { rig, client, userId } = doors
      const first = await rig.run(THREE)
      const before = await outputOf(doors, first.id)
      const reverted = await client.executions.revert(first.id, { savepoint_id: '1.2' })
      assert.equal(reverted.id, first.id)
      assert.equal(reverted.started_at, first.started_at)
      const ended = await rig.ended(first.id)
      assert.equal(ended.status, 'ENDED_SUCCESS', ended.message ?? '')
      assert.ok(Date.parse(ended.ended_at ?? '') > Date.parse(first.ended_at ?? ''))
      const after = await outputOf(doors, first.id)
      assert.equal(after.drawn, before.drawn, 'the step was not done again')
      assert.notEqual(after.child, before.child, 'the call was')
      assert.equal((await rig.children(first.id)).length, 2)
      const { items } = await client.executions.reverts(first.id)
      assert.deepEqual(
        items.map((one) => [one.savepoint_id, one.created_by]),
        [['1.2', await userId()]],
      )
      // What was cut off can be read, and gone back to.
      const former = await client.executions.savepoints(first.id, { generation: 1 })
      assert.equal(former.items.length, 6)
      await client.executions.revert(first.id, { savepoint_id: '1.4' })
      await rig.ended(first.id)
      assert.equal((await outputOf(doors, first.id)).child, before.child)
      assert.equal((await rig.children(first.id)).length, 2)
    },
  )

  item('D35', 'from the beginning everything is done again', async (doors) => {
    const { rig, client } = doors
    const first = await rig.run(THREE)
    const before = await outputOf(doors, first.id)
    await client.executions.revert(first.id, { seq: 0 })
    const ended = await rig.ended(first.id)
    assert.ok(Date.parse(ended.started_at ?? '') > Date.parse(first.started_at ?? ''))
    assert.notEqual((await outputOf(doors, first.id)).drawn, before.drawn)
  })

  item(
    ['D35', '4.6'],
    'a revert frees locks, leaves children and settings alone, and asks again what was open',
    async ({ rig, client }) => {
      const lock = `lock-${newId()}`
      await client.settings.put(lock, 0)
      const body = `
        const slow = self.script('export default (s, self) => self.sleep(3600)')
        await self.step('mark', () => 1)
        await system.setting(inputs.lock).set(1)
        await system.setting(inputs.lock).acquire()
        await self.sleep(3600)
        return (await slow).output`
      const { id } = await rig.start(body, { lock })
      await rig.reaches(id, 'WAITING_DEPENDENCY')
      await until(
        async () => (await client.settings.inspectLock(lock, { by: 'name' })).holder === id,
        {
          what: 'it holds the lock',
        },
      )
      await assert.rejects(
        client.executions.revert(id, { seq: 4 }),
        refusal(409, /holds the lock .*last savepoint before that is 3/),
      )
      const reverted = await client.executions.revert(id, { seq: 2 })
      assert.equal(reverted.id, id)
      await until(
        async () => {
          const now = await client.executions.savepoints(id)
          return now.items.some((one) => one.generation === 2 && one.command === 'sleep')
        },
        { what: 'it holds the lock again' },
      )
      assert.equal((await client.settings.get(lock, { by: 'name' })).value, 1)
      const [child, ...others] = await rig.children(id)
      assert.equal(others.length, 0, 'the child that was waited for is waited for again')
      const why = await rig.why(id)
      assert.deepEqual(
        why.waits.map(({ kind, ref }) => [kind, kind === 'DEPENDENCY' ? ref : null]),
        [
          ['DEPENDENCY', child?.id],
          ['TIMER', null],
        ],
      )
      await client.executions.cancel(id)
    },
  )

  item(
    ['3.18', 'D31'],
    'a rerun is another run with the same script and input, or with another input',
    async (doors) => {
      const { rig, client } = doors
      const first = await client.executions.create(
        { flow_name: 'past-three', input_value: { end: 'x' }, tags: ['t'], name: 'first' },
        { waitSeconds: 30 },
      )
      const again = await client.executions.rerun(first.id, {}, { waitSeconds: 30 })
      assert.notEqual(again.id, first.id)
      assert.deepEqual(
        [again.status, again.name, again.flow_id, again.tags, again.parent_execution_id],
        ['ENDED_SUCCESS', 'first', first.flow_id, ['t'], null],
      )
      assert.equal(again.rerun_of, first.id)
      assert.deepEqual(
        [again.input_value, again.script, again.generation],
        [first.input_value, first.script, 1],
      )
      assert.equal((again.output_value as unknown as Output).end, 'x')
      const other = await client.executions.rerun(first.id, { input_value: { end: 'y' } })
      await rig.ended(other.id)
      assert.equal((await outputOf(doors, other.id)).end, 'y')
      const paused = await client.executions.rerun(first.id, { run: false, is_productive: false })
      assert.deepEqual([paused.status, paused.is_productive], ['PAUSED', false])
      await client.executions.cancel(paused.id)
      assert.equal((await client.executions.get(first.id)).version, first.version)
    },
  )

  item(
    ['3.18', 'D37'],
    'a rerun from a savepoint has its past, also on the latest script; what does not fit is told with both sides',
    async (doors) => {
      const { rig, client } = doors
      const flow = `past-${newId()}`
      await rig.flow(flow, THREE)
      const first = await client.executions.create(
        { flow_name: flow, input_value: {} },
        { waitSeconds: 30 },
      )
      const before = first.output_value as unknown as Output
      await rig.flow(flow, `${THREE}\n  self.setOutput('more', true)`)
      const from = { from_savepoint: '1.4', on_latest: true }
      const forked = await client.executions.rerun(first.id, from, { waitSeconds: 30 })
      assert.deepEqual(forked.output_value, { ...before, more: true }, forked.message ?? '')
      assert.equal((await rig.children(forked.id)).length, 0)
      await rig.flow(flow, THREE.replace("'draw'", "'paint'"))
      const other = await client.executions.rerun(first.id, from, { waitSeconds: 30 })
      assert.equal(other.status, 'ENDED_ERROR')
      assert.match(
        other.message ?? '',
        /call 1: recorded was step "draw" \(line 3\), the code now makes step "paint" \(line 3\)/,
      )
    },
  )

  item(
    ['4.2', 'D34'],
    'how it stood at a savepoint can be looked at: inputs, waits, locks and log',
    async ({ rig, client, grpc }) => {
      const lock = `lock-${newId()}`
      await client.settings.put(lock, 0)
      const { id } = await rig.run(
        `self.log('one')
        const slow = self.sleep(2)
        await system.setting(inputs.lock).acquire()
        self.log('two')
        await slow`,
        { lock },
      )
      const stand = await client.executions.savepoint(id, '1.3')
      assert.deepEqual(
        [stand.input_value, stand.locks, stand.logs.map(({ values }) => values[0])],
        [{ lock }, [lock], ['one']],
      )
      assert.deepEqual(
        stand.waits.map(({ seq, command }) => [seq, command]),
        [[2, 'sleep']],
      )
      const last = await client.executions.savepoint(id, 4)
      assert.deepEqual(
        last.logs.map(({ values }) => values[0]),
        ['one', 'two'],
      )
      assert.equal((await client.executions.savepoint(id, 0)).command, null)
      await assert.rejects(client.executions.savepoint(id, 9), refusal(404, /last one is 1\.4/))
      const same = await grpc<{ locks: string[]; logs: unknown[] }>('executions', 'Savepoint', {
        id,
        savepoint: '1.3',
      })
      assert.deepEqual([same.locks, same.logs.length], [[lock], 1])
    },
  )

  item(['4.7', 'D36'], 'with LAST only the newest savepoint is left', async ({ rig, client }) => {
    const ended = await rig.run(THREE, {}, { savepoint_retention: 'LAST' })
    const { items } = await client.executions.savepoints(ended.id)
    assert.deepEqual(
      items.map(({ seq }) => seq),
      [6],
    )
    await assert.rejects(
      client.executions.revert(ended.id, { seq: 2 }),
      refusal(409, /keeps its newest savepoint only .*1\.6/),
    )
    await assert.rejects(client.executions.savepoint(ended.id, 2), refusal(409, /newest/))
    await client.executions.revert(ended.id, { seq: 6 })
    assert.equal((await rig.ended(ended.id)).status, 'ENDED_SUCCESS')
  })

  property(
    'savepoint_retention',
    'ALL keeps every savepoint, LAST the newest, and children get what they are given',
    async ({ rig, client }) => {
      const ended = await rig.run(
        `await self.flow('past-three', {}, { init: { savepoint_retention: 'LAST' } })`,
      )
      assert.equal(ended.savepoint_retention, 'ALL')
      const [child] = await rig.children(ended.id)
      assert.equal(child?.savepoint_retention, 'LAST')
      assert.equal((await client.executions.savepoints(child?.id ?? '')).items.length, 1)
    },
  )

  item('3.18', 'many are rerun at once, one outcome each', async ({ rig, client }) => {
    const ran = await Promise.all([1, 2].map((n) => rig.run(`return inputs.n`, { n })))
    const unknown = newId()
    const ids = [...ran.map(({ id }) => id), unknown]
    const dry = await client.executions.bulk({ action: 'rerun', ids, dry_run: true })
    assert.deepEqual(
      dry.items.map(({ status }) => status),
      [200, 200, 404],
    )
    const { items } = await client.executions.bulk({ action: 'rerun', ids })
    assert.deepEqual(
      items.map(({ status }) => status),
      [201, 201, 404],
    )
    for (const [n, one] of items.slice(0, 2).entries())
      assert.equal((await rig.ended(one.detail ?? '')).output_value, n + 1)
  })

  item('D31', 'what cannot be reverted or rerun says why', async ({ rig, client, rest }) => {
    const { id } = await rig.run(`return 1`)
    const none = await rest('POST', `/execution/${id}/revert`, {})
    assert.equal(none.status, 422)
    const two = await rest('POST', `/execution/${id}/revert`, { seq: 1, name: 'x' })
    assert.equal(two.status, 422)
    const unknown = newId()
    await assert.rejects(
      client.executions.revert(unknown, { seq: 0 }),
      refusal(404, /no execution/),
    )
    await assert.rejects(client.executions.rerun(unknown), refusal(404, /no execution/))
    await assert.rejects(
      client.executions.rerun(id, { on_latest: true }),
      refusal(409, /runs no flow/),
    )
    await assert.rejects(
      client.executions.rerun(id, { from_savepoint: 'nowhere' }),
      refusal(404, /no savepoint named "nowhere"/),
    )
    const unstarted = await rig.start(`return 1`, {}, { run: false })
    await assert.rejects(
      client.executions.revert(unstarted.id, { seq: 0 }),
      refusal(409, /has not started/),
    )
    await client.executions.cancel(unstarted.id)
  })

  item(['4.5', 'D31'], 'the same over gRPC', async ({ rig, grpc, client }) => {
    const { id } = await rig.run(THREE)
    const { items } = await grpc<{ items: { id: string }[] }>('executions', 'Savepoints', { id })
    assert.equal(items.length, 6)
    const reverted = await grpc<{ execution: { id: string } }>('executions', 'Revert', {
      id,
      savepoint: '1',
    })
    assert.equal(reverted.execution.id, id)
    await rig.ended(id)
    const reverts = await grpc<{ items: unknown[] }>('executions', 'Reverts', { id })
    assert.equal(reverts.items.length, 1)
    const rerun = await grpc<{ execution: { id: string } }>('executions', 'Rerun', {
      id,
      wait_seconds: 30,
    })
    assert.equal((await client.executions.get(rerun.execution.id)).status, 'ENDED_SUCCESS')
  })
})
