import assert from 'node:assert/strict'
import { describe } from 'node:test'
import { newId, now } from '@millrace/runtime'
import { until } from '../../stack/index.ts'
import { item, useDoors } from '../harness.ts'

describe('the record', { concurrency: 4, timeout: 120_000 }, () => {
  useDoors(async ({ rig, client }) => {
    await rig.flow('s02-echo', 'return inputs')
    await rig.flow('s02-sleeper', 'await self.sleep(3600)')
    await client.flows.create({
      name: 's02-strict',
      script: 'export default (system, self, inputs) => inputs.n',
      input_schema: { type: 'object', properties: { n: { type: 'integer' } }, required: ['n'] },
    })
    await client.connectors.create({ name: 's02-rest', connector_type: 'REST', value: {} })
    await client.projects.create({ name: 's02 birds' })
  })

  item(
    '2.2.2',
    'a project named by its name is found, and an unknown one refused',
    async (doors) => {
      const { client, rest } = doors
      const made = await client.executions.create(
        { flow_name: 's02-echo', project_name: 's02 birds' },
        { waitSeconds: 20 },
      )
      const project = await client.projects.get('s02 birds', { by: 'name' })
      assert.deepEqual([made.project_id, made.project_name], [project.id, 's02 birds'])
      const refused = await rest('POST', '/execution', {
        flow_name: 's02-echo',
        project_name: 'no such birds',
      })
      assert.equal(refused.status, 404)
      assert.match(refused.text, /no such birds/)
    },
  )

  item(
    ['2.2.3a', '2.2.4a', '2.2.6a'],
    'a run of a flow, a script and a connection each has the type, ids and names that belong to it',
    async ({ client }) => {
      const flow = await client.flows.get('s02-echo', { by: 'name' })
      const connector = await client.connectors.get('s02-rest', { by: 'name' })
      const [byName, byId, script, connection] = await Promise.all(
        [
          { flow_name: 's02-echo' },
          { flow_id: flow.id },
          { script: 'export default () => 1' },
          { connector_name: 's02-rest' },
        ].map((what) => client.executions.create(what, { waitSeconds: 20 })),
      )
      for (const run of [byName, byId])
        assert.deepEqual(
          [run?.type, run?.flow_id, run?.flow_name, run?.connector_id, run?.connector_name],
          ['FLOW', flow.id, 's02-echo', null, null],
        )
      assert.deepEqual(
        [script?.type, script?.flow_id, script?.flow_name, script?.connector_name],
        ['SCRIPT', null, null, null],
      )
      assert.deepEqual(
        [connection?.type, connection?.connector_id, connection?.connector_name],
        ['CONNECTION', connector.id, 's02-rest'],
      )
      assert.equal(connection?.flow_name, null)
    },
  )

  item('2.2.5', 'three generations know their parents and one root', async ({ rig }) => {
    const root = await rig.run(
      `await self.script("export default async (system, self) => { await self.script('export default () => 1') }")`,
    )
    const [child] = await rig.children(root.id)
    const [grandchild] = await rig.children(child?.id ?? '')
    assert.deepEqual([root.parent_execution_id, root.top_execution_id], [null, root.id])
    assert.deepEqual([child?.parent_execution_id, child?.top_execution_id], [root.id, root.id])
    assert.deepEqual(
      [grandchild?.parent_execution_id, grandchild?.top_execution_id],
      [child?.id, root.id],
    )
  })

  item(
    '2.2.7',
    'a connection by its type names it, and a type that is none is refused',
    async (doors) => {
      const made = await doors.client.executions.create(
        { connector_type: 'REST', input_value: {} },
        { waitSeconds: 20 },
      )
      assert.deepEqual(
        [made.type, made.connector_type, made.connector_id],
        ['CONNECTION', 'REST', null],
      )
      const refused = await doors.rest('POST', '/execution', { connector_type: 'TELEGRAPH' })
      assert.equal(refused.status, 422)
      assert.match(refused.text, /connector_type/)
    },
  )

  item(
    ['2.2.8', 'D17'],
    'is_readonly is false and no field of a request',
    async ({ rig, rest }) => {
      const ended = await rig.run('return 1')
      assert.equal(ended.is_readonly, false)
      const body = { script: 'export default () => 1', is_readonly: true }
      assert.equal((await rest('POST', '/execution', body)).status, 422)
      const patch = { is_readonly: true }
      assert.equal((await rest('PATCH', `/execution/${ended.id}`, patch)).status, 422)
    },
  )

  item('2.3.1', 'any JSON goes in and comes out as it was', async ({ rest }) => {
    for (const value of [
      true,
      0,
      -1.5e-7,
      'text with "quotes", \\ and \u2028 😀',
      '',
      [],
      {},
      [[[{ deep: [null, { a: 1 }] }]]],
      JSON.parse('{"__proto__": {"constructor": 1}, "": 2}') as unknown,
      'x'.repeat(100_000),
    ]) {
      const { status, json } = await rest('POST', '/execution?wait=20', {
        flow_name: 's02-echo',
        input_value: value,
      })
      assert.equal(status, 200)
      assert.deepEqual([json['input_value'], json['output_value']], [value, value])
    }
  })

  item(
    '2.3.2a',
    'an input that does not match is refused with its place, before anything is stored',
    async (doors) => {
      const name = `s02-${newId()}`
      const refused = await doors.rest('POST', '/execution', {
        flow_name: 's02-strict',
        name,
        input_value: { n: 'one' },
      })
      assert.equal(refused.status, 422)
      assert.equal(refused.pointers[0], '/input_value/n')
      const filter = { field: 'name', op: 'eq', value: name } as const
      assert.deepEqual((await doors.client.executions.list({ filter })).items, [])
      const taken = await doors.client.executions.create(
        { flow_name: 's02-strict', input_value: { n: 7 } },
        { waitSeconds: 20 },
      )
      assert.equal(taken.output_value, 7)
      assert.deepEqual(taken.input_schema, {
        type: 'object',
        properties: { n: { type: 'integer' } },
        required: ['n'],
      })
    },
  )

  item('2.3.4', 'the source is on the record of a script and of a flow', async ({ client }) => {
    const source = `export default () => 'only here'\n`
    const script = await client.executions.create({ script: source })
    assert.deepEqual([script.script, script.flow_id], [source, null])
    const flow = await client.flows.get('s02-echo', { by: 'name' })
    const run = await client.executions.create({ flow_name: 's02-echo' })
    assert.equal((await client.executions.get(run.id)).script, flow.script)
  })

  item(
    '2.3.5',
    'the message is what a signal said, or the traceback with the line',
    async ({ rig }) => {
      assert.equal((await rig.run(`self.success('well done')`)).message, 'well done')
      const failed = await rig.run(`const a = 1\nthrow new RangeError('too far')`)
      assert.match(failed.message ?? '', /RangeError: too far[\s\S]*:3:/)
    },
  )

  item(
    ['2.3.6', 'D5'],
    'the label says the status in words and cannot be set',
    async ({ rig, rest, client }) => {
      const sleeper = await rig.start('await self.sleep(3600)')
      assert.equal((await rig.reaches(sleeper.id, 'SCHEDULED')).status_label, 'Scheduled')
      assert.equal((await client.executions.pause(sleeper.id)).status_label, 'Paused')
      assert.equal((await client.executions.cancel(sleeper.id)).status_label, 'Cancelled')
      const patch = await rest('PATCH', `/execution/${sleeper.id}`, { status_label: 'Fine' })
      assert.equal(patch.status, 422)
    },
  )

  item(
    ['2.4.1', '3.16a'],
    'it has no start before it has run and no end before it has ended, and pauses change neither',
    async ({ rig, client }) => {
      const created = await rig.start('await self.sleep(0.3)', {}, { run: false })
      assert.deepEqual([created.started_at, created.ended_at], [null, null])
      await client.executions.resume(created.id)
      const asleep = await rig.reaches(created.id, 'SCHEDULED')
      assert.ok(asleep.started_at !== null && asleep.ended_at === null)
      await client.executions.pause(created.id)
      await client.executions.resume(created.id)
      const ended = await rig.ended(created.id)
      assert.equal(ended.started_at, asleep.started_at)
      const times = [ended.created_at, ended.started_at, ended.ended_at].map((at) => at ?? '')
      assert.deepEqual(times, times.toSorted())
    },
  )

  item(
    ['2.4.2', 'D10'],
    'scheduled_for is the start, the end of a sleep and the deadline of a lock or a child in turn',
    async ({ rig, client }) => {
      const start = new Date(now() + 3_600_000).toISOString()
      const later = await rig.start('return 1', {}, { scheduled_for: start })
      assert.equal(later.scheduled_for, start)

      const sleeper = await rig.start('await self.sleep(600)')
      const asleep = await rig.reaches(sleeper.id, 'SCHEDULED')
      near(asleep.scheduled_for, Date.parse(asleep.started_at ?? '') + 600_000)

      const lock = `s02-${newId()}`
      await client.settings.put(lock, null)
      const holder = await rig.start(
        `await system.setting(inputs.lock).acquire(); await self.sleep(3600)`,
        { lock },
      )
      await until(
        async () => (await client.settings.inspectLock(lock, { by: 'name' })).holder !== null,
        {
          what: 'the lock is held',
        },
      )
      const waiter = await rig.start(
        `await system.setting(inputs.lock).acquire({ timeout: 500 })`,
        { lock },
      )
      const waiting = await rig.reaches(waiter.id, 'WAITING_LOCK')
      near(waiting.scheduled_for, Date.parse(waiting.started_at ?? '') + 500_000)

      const parent = await rig.start(`await self.flow('s02-sleeper', {}, { timeout: 400 })`)
      const dependent = await rig.reaches(parent.id, 'WAITING_DEPENDENCY')
      near(dependent.scheduled_for, Date.parse(dependent.started_at ?? '') + 400_000)

      const open = await rig.start(`await self.flow('s02-sleeper')`)
      assert.equal((await rig.reaches(open.id, 'WAITING_DEPENDENCY')).scheduled_for, null)
      const ids = [later, sleeper, holder, waiter, parent, open].map(({ id }) => id)
      await client.executions.bulk({ action: 'cancel', ids })
    },
  )

  item('2.4.3', 'the last activity moves on with every move', async ({ rig, client }) => {
    const sleeper = await rig.start('await self.sleep(3600)')
    const asleep = await rig.reaches(sleeper.id, 'SCHEDULED')
    const paused = await client.executions.pause(sleeper.id)
    const cancelled = await client.executions.cancel(sleeper.id)
    const times = [asleep, paused, cancelled].map(({ last_activity: at }) => Date.parse(at ?? ''))
    assert.deepEqual(
      times,
      times.toSorted((a, b) => a - b),
    )
    assert.ok((times[0] ?? 0) < (times[2] ?? 0))
  })

  item(
    ['2.5.1', '2.5.2', 'D7'],
    'is_queued is true in exactly WAITING_ENGINE and is_paused in exactly PAUSED',
    async ({ rig, client }) => {
      const flags = (run: { status: string; is_queued: boolean; is_paused: boolean }) =>
        assert.deepEqual(
          [run.is_queued, run.is_paused],
          [run.status === 'WAITING_ENGINE', run.status === 'PAUSED'],
          run.status,
        )
      const created = await rig.start('await self.sleep(3600)')
      assert.equal(created.status, 'WAITING_ENGINE')
      flags(created)
      flags(await rig.reaches(created.id, 'SCHEDULED'))
      flags(await client.executions.pause(created.id))
      flags(await client.executions.cancel(created.id))
    },
  )

  item('2.5.3', 'a run is productive unless it was asked for otherwise', async ({ rig }) => {
    assert.equal((await rig.start('return 1')).is_productive, true)
    assert.equal((await rig.start('return 1', {}, { is_productive: false })).is_productive, false)
  })

  item(
    '2.5.4',
    'an orphan says so, keeps its parent and is spared by its cancel',
    async ({ rig, client }) => {
      const parent = await rig.start(
        `await self.flow('s02-sleeper', {}, { wait: false, orphan: true }); await self.flow('s02-sleeper')`,
      )
      const children = await until(
        async () => {
          const all = await rig.children(parent.id)
          return all.length === 2 ? all : null
        },
        { what: 'two children' },
      )
      const orphan = children.find((child) => child.orphan)
      const other = children.find((child) => !child.orphan)
      assert.equal(orphan?.parent_execution_id, parent.id)
      await client.executions.cancel(parent.id)
      assert.equal((await rig.ended(other?.id ?? '')).status, 'ENDED_CANCELLED')
      assert.equal((await client.executions.get(orphan?.id ?? '')).ended_at, null)
      await client.executions.cancel(orphan?.id ?? '')
    },
  )

  item(
    '2.5.6',
    'a priority is kept, is inherited, and one out of range is refused',
    async ({ rig, rest }) => {
      const parent = await rig.start(
        `await self.script('export default () => 1'); await self.script('export default () => 1', {}, { priority: -3 })`,
        {},
        { priority: 5 },
      )
      await rig.ended(parent.id)
      assert.equal(parent.priority, 5)
      const children = await rig.children(parent.id)
      assert.deepEqual(children.map(({ priority }) => priority).toSorted(), [-3, 5])
      const body = { script: 'export default () => 1', priority: 40_000 }
      assert.equal((await rest('POST', '/execution', body)).status, 422)
    },
  )

  item(
    '2.5.7',
    'it is ALL unless LAST was asked for, which leaves one savepoint; there is no third',
    async ({ rig, rest, client }) => {
      const body = 'self.log(1); self.log(2); self.log(3)'
      const all = await rig.run(body)
      const last = await rig.run(body, {}, { savepoint_retention: 'LAST' })
      assert.deepEqual([all.savepoint_retention, last.savepoint_retention], ['ALL', 'LAST'])
      const left = async (id: string) =>
        (await client.executions.savepoints(id)).items.map(({ seq }) => seq)
      assert.deepEqual([await left(all.id), await left(last.id)], [[1, 2, 3], [3]])
      const third = { script: 'export default () => 1', savepoint_retention: 'SOME' }
      const refused = await rest('POST', '/execution', third)
      assert.deepEqual([refused.status, refused.pointers], [422, ['/savepoint_retention']])
    },
  )
})

/** A deadline counts from the commit that began the wait, a moment after the start. */
function near(at: string | null, expectedMs: number): void {
  assert.ok(at !== null)
  const offMs = Date.parse(at) - expectedMs
  assert.ok(offMs >= 0 && offMs < 15_000, `${at} is ${offMs} ms off`)
}
