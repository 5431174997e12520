import assert from 'node:assert/strict'
import { describe } from 'node:test'
import type { Json } from '@millrace/client'
import { newId } from '@millrace/runtime'
import { until } from '../../stack/index.ts'
import { item, property, useDoors } from '../harness.ts'

const INTEGER_N: Json = {
  type: 'object',
  properties: { n: { type: 'integer' } },
  required: ['n'],
}

describe('schemas of a run', { concurrency: 4, timeout: 120_000 }, () => {
  useDoors(async ({ client }) => {
    await client.flows.create({
      name: 'rs-strict',
      script: 'export default (system, self, inputs) => inputs.give ?? { n: inputs.n }',
      input_schema: INTEGER_N,
      output_schema: INTEGER_N,
    })
    await client.flows.create({
      name: 'rs-late',
      script: `export default async (system, self, inputs) => { await self.sleep(0.3); return inputs }`,
      output_schema: { type: 'array' },
    })
  })

  item('2.2.1', 'naming both is refused', async ({ rest }) => {
    const both = { flow_name: 'rs-strict', project_name: 'p', bundle_name: 'b' }
    const refused = await rest('POST', '/execution', both)
    assert.deepEqual([refused.status, refused.pointers], [422, ['/bundle_id']])
    const text = `execution: {type: SCRIPT, status: ENDED_SUCCESS, ended_at: 2026-01-31T12:00:00Z, project_id: ${newId()}, bundle_id: ${newId()}}`
    const document = await rest('POST', '/execution/import', text, {
      'content-type': 'application/yaml',
    })
    assert.match(document.text, /exclude each other/)
  })

  item(
    '2.3.2b',
    'an output that does not match ends the run in error with the place',
    async ({ client }) => {
      const start = (input_value: Json) =>
        client.executions.create({ flow_name: 'rs-strict', input_value }, { waitSeconds: 20 })
      const good = await start({ n: 1 })
      assert.deepEqual([good.status, good.output_value], ['ENDED_SUCCESS', { n: 1 }])
      const bad = await start({ n: 1, give: { n: 'one' } })
      assert.equal(bad.status, 'ENDED_ERROR')
      assert.match(bad.message ?? '', /output_schema.*\/n must be integer/)
    },
  )

  item(
    '2.3.3',
    'a child whose input does not match throws SchemaValidationError at the call, and is not started',
    async ({ rig }) => {
      const parent = await rig.run(`
        try { await self.flow('rs-strict', { n: 'one' }) }
        catch (error) { return [error.name, error.message, error.details.errors] }`)
      const [name, message, errors] = parent.output_value as [string, string, object[]]
      assert.equal(name, 'SchemaValidationError')
      assert.match(message, /rs-strict.*\/n must be integer/)
      assert.deepEqual(errors, [{ pointer: '/n', message: 'must be integer' }])
      assert.deepEqual(await rig.children(parent.id), [])
    },
  )

  item(
    'D14',
    'what fails is kept to look at; a child that fails so fails its parent; a schema has what it had',
    async ({ rig, client }) => {
      const started = await client.executions.create({ flow_name: 'rs-late', input_value: {} })
      const flow = await client.flows.get('rs-late', { by: 'name' })
      await client.flows.update(flow.id, { output_schema: null })
      const ended = await rig.ended(started.id)
      await client.flows.update(flow.id, { output_schema: { type: 'array' } })
      assert.deepEqual([ended.status, ended.output_value], ['ENDED_ERROR', {}])
      const parent = await rig.run(`
        try { await self.flow('rs-late', { a: 1 }) } catch (error) { return error.name }`)
      assert.equal(parent.output_value, 'DependencyFailedError')
      const [child] = await rig.children(parent.id)
      assert.deepEqual([child?.status, child?.output_schema], ['ENDED_ERROR', { type: 'array' }])
    },
  )

  item(
    'D14',
    'a run of a schedule whose input does not match is skipped, and its book says why',
    async ({ client }) => {
      const name = `rs-${newId()}`
      await client.flows.create({ name, script: 'export default () => 1' })
      const timing = { cron: '* * * * * *' }
      const schedule = await client.schedules.create({ name, flow_name: name, timing })
      await client.flows.update(name, { input_schema: INTEGER_N }, { by: 'name' })
      const skipped = await until(
        async () => {
          const { items } = await client.schedules.runs(schedule.id, { limit: 1_000 })
          return items.find(({ state }) => state === 'SKIPPED')
        },
        { what: 'a run is skipped', timeoutMs: 30_000 },
      )
      assert.match(skipped.reason ?? '', /input_schema of its flow: \/n is missing/)
      await client.schedules.delete(schedule.id)
    },
  )

  item('D14', 'a pattern that would backtrack for ever costs no time', async ({ rest, client }) => {
    const name = `rs-${newId()}`
    const input_schema = { type: 'string', pattern: '^(a+)+$' }
    await client.flows.create({ name, script: 'export default () => 1', input_schema })
    const input_value = `${'a'.repeat(50_000)}b`
    const refused = await rest('POST', '/execution', { flow_name: name, input_value })
    assert.deepEqual([refused.status, refused.pointers], [422, ['/input_value']])
  })

  property(
    'output_schema',
    'an output that does not match ends the run in error, wherever it was started from',
    async ({ rig, client }) => {
      const alone = await client.executions.create(
        { flow_name: 'rs-strict', input_value: { n: 1, give: [] } },
        { waitSeconds: 20 },
      )
      assert.deepEqual([alone.status, alone.output_schema], ['ENDED_ERROR', INTEGER_N])
      const parent = await rig.run(
        `await self.flow('rs-strict', { n: 1, give: [] }, { wait: 'ALL_ENDED' })`,
      )
      const [child] = await rig.children(parent.id)
      assert.equal(child?.status, 'ENDED_ERROR')
    },
  )

  item(
    ['2.5.8', 'D9'],
    'it names who has it in hand, and who had it when it ended',
    async ({ rig, client }) => {
      const held = await rig.start('return 1', {}, { run: false })
      assert.equal(held.process_id, null)
      await client.executions.resume(held.id)
      const ended = await rig.ended(held.id)
      assert.match(ended.process_id ?? '', /^[\da-f-]{36}$/)
    },
  )

  item('D21', 'each status is reached and left as the table says', async ({ rig, client }) => {
    const lock = `rs-${newId()}`
    await client.settings.put(lock, null)
    const body = `
      await self.sleep(0.2)
      await system.setting(inputs.lock).acquire()
      await gate(self, 'held')
      return 1`
    const first = await rig.start(body, { lock })
    await rig.reaches(first.id, 'WAITING_DEPENDENCY')
    const second = await rig.start(body, { lock })
    await rig.reaches(second.id, 'WAITING_LOCK')
    assert.equal((await client.executions.pause(second.id)).status, 'PAUSED')
    assert.equal((await client.executions.resume(second.id)).status, 'WAITING_LOCK')
    await rig.openGate(first.id, 'held')
    assert.equal((await rig.ended(first.id)).status, 'ENDED_SUCCESS')
    await rig.reaches(second.id, 'WAITING_DEPENDENCY')
    assert.equal((await client.executions.cancel(second.id)).status, 'ENDED_CANCELLED')
    assert.equal((await rig.run('throw new Error("x")')).status, 'ENDED_ERROR')
  })
})
