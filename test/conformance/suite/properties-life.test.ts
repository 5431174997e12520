import assert from 'node:assert/strict'
import { describe } from 'node:test'
import { newId, now } from '@millrace/runtime'
import { until } from '../../stack/index.ts'
import { property, useDoors } from '../harness.ts'

const BUSY = `let n = 0; for (let i = 0; i < 2e8; i += 1) n += i % 3; return 'busy done'`

describe('properties: what it does and how it stands', { concurrency: 4, timeout: 180_000 }, () => {
  useDoors(async ({ rig }) => {
    await rig.flow('pl-double', 'return { twice: inputs.n * 2 }')
    await rig.flow('pl-sleeper', 'await self.sleep(3600)')
  })

  property(
    ['status', 'status_label'],
    'both change together with each move, and lists find what lives by status',
    async ({ rig, client }) => {
      const seen: [string, string | null][] = []
      const note = (run: { status: string; status_label: string | null }) =>
        seen.push([run.status, run.status_label])
      const tag = newId()
      const created = await rig.start('await self.sleep(3600)', {}, { tags: [tag] })
      note(created)
      note(await rig.reaches(created.id, 'SCHEDULED'))
      const filter = {
        and: [
          { field: 'tag', op: 'eq', value: tag },
          { field: 'status', op: 'eq', value: 'SCHEDULED' },
        ],
      } as const
      assert.deepEqual(
        (await client.executions.list({ filter })).items.map(({ id }) => id),
        [created.id],
      )
      note(await client.executions.pause(created.id))
      note(await client.executions.cancel(created.id))
      assert.deepEqual(seen, [
        ['WAITING_ENGINE', 'Ready to run'],
        ['SCHEDULED', 'Scheduled'],
        ['PAUSED', 'Paused'],
        ['ENDED_CANCELLED', 'Cancelled'],
      ])
      assert.deepEqual((await client.executions.list({ filter })).items, [])
    },
  )

  property(
    ['is_queued', 'is_paused'],
    'each is true in one status alone',
    async ({ rig, client }) => {
      const created = await rig.start('await self.sleep(3600)')
      const asleep = await rig.reaches(created.id, 'SCHEDULED')
      const paused = await client.executions.pause(created.id)
      const ended = await client.executions.cancel(created.id)
      assert.deepEqual(
        [created, asleep, paused, ended].map((run) => [run.is_queued, run.is_paused]),
        [
          [true, false],
          [false, false],
          [false, true],
          [false, false],
        ],
      )
    },
  )

  property(
    'process_id',
    'it names who has it in hand while it runs, and nobody before',
    async ({ rig, client }) => {
      const later = await rig.start(BUSY, {}, { run: false })
      assert.equal(later.process_id, null)
      await client.executions.resume(later.id)
      assert.ok((await rig.reaches(later.id, 'AT_ENGINE')).process_id !== null)
      await client.executions.cancel(later.id)
    },
  )

  property(
    ['started_at', 'ended_at'],
    'set once, in order, and not by pauses',
    async ({ rig, client }) => {
      const created = await rig.start('await self.sleep(0.2)', {}, { run: false })
      assert.deepEqual([created.started_at, created.ended_at], [null, null])
      await client.executions.resume(created.id)
      const ended = await rig.ended(created.id)
      const times = [ended.created_at, ended.started_at ?? '', ended.ended_at ?? '']
      assert.deepEqual(times, times.toSorted())
      await client.executions.cancel(created.id).catch(() => null)
      const again = await client.executions.get(created.id)
      assert.deepEqual([again.started_at, again.ended_at], [ended.started_at, ended.ended_at])
    },
  )

  property('last_activity', 'it is the time of the last move', async ({ rig, client }) => {
    const sleeper = await rig.start('await self.sleep(3600)')
    const asleep = await rig.reaches(sleeper.id, 'SCHEDULED')
    const still = await client.executions.get(sleeper.id)
    assert.equal(still.last_activity, asleep.last_activity)
    const ended = await client.executions.cancel(sleeper.id)
    assert.ok(Date.parse(ended.last_activity ?? '') > Date.parse(asleep.last_activity ?? ''))
    assert.equal(ended.last_activity, ended.ended_at)
  })

  property('end_status', 'null while it lives, the end afterwards', async ({ rig, client }) => {
    const sleeper = await rig.start('await self.sleep(3600)')
    assert.equal((await rig.reaches(sleeper.id, 'SCHEDULED')).end_status, null)
    assert.equal((await client.executions.cancel(sleeper.id)).end_status, 'ENDED_CANCELLED')
  })

  property(
    'scheduled_for',
    'it does not start before, and a timed wait is over then',
    async ({ rig }) => {
      const at = now() + 1_000
      const started = await rig.start(
        'await self.sleep(1); return 1',
        {},
        { scheduled_for: new Date(at).toISOString() },
      )
      assert.equal(started.scheduled_for, new Date(at).toISOString())
      const asleep = await until(
        async () => {
          const run = await rig.client.executions.get(started.id)
          return run.started_at !== null && run.status === 'SCHEDULED' ? run : null
        },
        { what: 'it sleeps' },
      )
      const ended = await rig.ended(started.id)
      assert.ok(Date.parse(ended.started_at ?? '') >= at)
      assert.ok(Date.parse(ended.ended_at ?? '') >= Date.parse(asleep.scheduled_for ?? ''))
    },
  )

  property(
    'dependency_id',
    'it is the child that is waited for, and null afterwards',
    async ({ rig, client }) => {
      const parent = await rig.start(
        `await self.flow('pl-sleeper', {}, { wait: 'ALL_ENDED' }); await self.sleep(3600)`,
      )
      const waiting = await rig.reaches(parent.id, 'WAITING_DEPENDENCY')
      const [child] = await rig.children(parent.id)
      assert.equal(waiting.dependency_id, child?.id)
      await client.executions.cancel(child?.id ?? '')
      assert.equal((await rig.reaches(parent.id, 'SCHEDULED')).dependency_id, null)
      await client.executions.cancel(parent.id)
    },
  )

  property(
    'setting_id',
    'it is the setting whose lock is waited for, and null afterwards',
    async ({ rig, client }) => {
      const lock = `pl-${newId()}`
      const setting = await client.settings.put(lock, null)
      const body = `await system.setting(inputs.lock).acquire(); await self.sleep(3600)`
      const holder = await rig.start(body, { lock })
      await until(
        async () => (await client.settings.inspectLock(setting.id)).holder === holder.id,
        {
          what: 'the lock is held',
        },
      )
      const waiter = await rig.start(body, { lock })
      assert.equal((await rig.reaches(waiter.id, 'WAITING_LOCK')).setting_id, setting.id)
      await client.executions.cancel(holder.id)
      assert.equal((await rig.reaches(waiter.id, 'SCHEDULED')).setting_id, null)
      await client.executions.cancel(waiter.id)
    },
  )

  property(
    ['lineno', 'last_command'],
    'they follow the code from call to call',
    async ({ rig, client }) => {
      const started = await rig.start(`await gate(self, 'first')\n\nawait self.sleep(3600)`)
      const first = await rig.reaches(started.id, 'WAITING_DEPENDENCY')
      await rig.openGate(started.id, 'first')
      const second = await rig.reaches(started.id, 'SCHEDULED')
      assert.equal(second.lineno, 4)
      assert.notEqual(first.lineno, second.lineno)
      assert.match(first.last_command ?? '', /wait/)
      assert.match(second.last_command ?? '', /sleep/)
      await client.executions.cancel(started.id)
    },
  )

  property(
    'message',
    'it says why it ended so, what the code says, or the traceback',
    async ({ rig, client }) => {
      assert.equal((await rig.run(`self.success('well')`)).message, 'well')
      assert.match((await rig.run('null.x')).message ?? '', /TypeError/)
      const sleeper = await rig.start(`self.save({ message: 'half way' }); await self.sleep(3600)`)
      assert.equal((await rig.reaches(sleeper.id, 'SCHEDULED')).message, 'half way')
      assert.equal((await client.executions.cancel(sleeper.id, { message: 'no' })).message, 'no')
    },
  )

  property(
    'input_value',
    'the handler gets what was sent, whatever JSON it is',
    async ({ rest }) => {
      for (const value of [0, 'text', [1, [2]], { a: { b: null } }]) {
        const { json } = await rest('POST', '/execution?wait=20', {
          script: 'export default (system, self, inputs) => [inputs]',
          input_value: value,
        })
        assert.deepEqual([json['input_value'], json['output_value']], [value, [value]])
      }
    },
  )

  property(
    'output_value',
    'it is what was returned or set, seen while it runs, and sliced',
    async ({ rig, rest }) => {
      const started = await rig.start(
        `self.setOutput('list', [1, 2, 3]); await gate(self, 'look'); self.setOutput('b', 2)`,
      )
      const waiting = await rig.reaches(started.id, 'WAITING_DEPENDENCY')
      assert.deepEqual(waiting.output_value, { list: [1, 2, 3] })
      await rig.openGate(started.id, 'look')
      assert.deepEqual((await rig.ended(started.id)).output_value, { list: [1, 2, 3], b: 2 })
      const slice = await rest('GET', `/execution/${started.id}/output?pointer=/list&limit=2`)
      assert.equal(slice.text, '[1,2]')
      assert.deepEqual((await rig.run('return [1]')).output_value, [1])
    },
  )

  property(
    'input_schema',
    'what does not match is refused with its place, and nothing is started',
    async ({ rest, client }) => {
      const name = `pl-${newId()}`
      const input_schema = {
        type: 'object',
        properties: { n: { type: 'integer' } },
        required: ['n'],
      }
      await client.flows.create({ name, script: 'export default () => 1', input_schema })
      const refused = await rest('POST', '/execution', { flow_name: name, input_value: { n: 'x' } })
      assert.deepEqual([refused.status, refused.pointers[0]], [422, '/input_value/n'])
      const { items } = await client.executions.list({
        filter: { field: 'flow_name', op: 'eq', value: name },
      })
      assert.deepEqual(items, [])
      const run = await client.executions.create({ flow_name: name, input_value: { n: 1 } })
      assert.deepEqual(run.input_schema, input_schema)
    },
  )

  property(
    'script',
    'it is the source that it runs, and stays when the flow is edited',
    async ({ rig, client }) => {
      const name = `pl-${newId()}`
      const [old, young] = ['old', 'young'].map(
        (word) => `export default async (s, self) => { await self.sleep(0.5); return '${word}' }`,
      )
      await client.flows.create({ name, script: old ?? '' })
      const started = await client.executions.create({ flow_name: name })
      await client.flows.update(name, { script: young ?? '' }, { by: 'name' })
      const ended = await rig.ended(started.id)
      assert.deepEqual([ended.script, ended.output_value], [old, 'old'])
    },
  )

  property('is_productive', 'children inherit it, down the tree', async ({ rig }) => {
    for (const is_productive of [true, false]) {
      const body = `await self.script("export default async (s, self) => { await self.flow('pl-double', { n: 1 }) }")`
      const root = await rig.run(body, {}, { is_productive })
      const [child] = await rig.children(root.id)
      const [grandchild] = await rig.children(child?.id ?? '')
      assert.deepEqual(
        [child?.is_productive, grandchild?.is_productive],
        [is_productive, is_productive],
      )
    }
  })

  property('orphan', 'a cancel of its parent spares it', async ({ rig, client }) => {
    const parent = await rig.start(`
      await self.flow('pl-sleeper', {}, { wait: false, orphan: true })
      await self.flow('pl-sleeper')`)
    const children = await until(
      async () => {
        const all = await rig.children(parent.id)
        return all.length === 2 ? all : null
      },
      { what: 'two children' },
    )
    await client.executions.cancel(parent.id)
    for (const { id, orphan } of children)
      if (orphan) assert.equal((await client.executions.get(id)).ended_at, null)
      else assert.equal((await rig.ended(id)).status, 'ENDED_CANCELLED')
    await client.executions.bulk({ action: 'cancel', ids: children.map(({ id }) => id) })
  })
})
