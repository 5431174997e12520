import assert from 'node:assert/strict'
import { describe } from 'node:test'
import type { Execution, Webhook } from '@millrace/client'
import { newId } from '@millrace/runtime'
import { until } from '../../stack/index.ts'
import { type Doors, item, useDoors } from '../harness.ts'

/** Calls it, waits for the end, and gives the run with what the caller got. */
async function call(
  { rest, client }: Doors,
  hook: Webhook,
  body: unknown,
): Promise<{ run: Execution; output: unknown }> {
  const { status, json, text } = await rest(
    'POST',
    hook.call_path.slice('/api/latest'.length),
    body,
  )
  assert.equal(status, 200, text)
  const run = await client.executions.get(String(json['execution_id']))
  return { run, output: json['output_value'] }
}

describe('starting executions from outside', { concurrency: 3, timeout: 120_000 }, () => {
  useDoors()

  item('6.1.2', 'a call of a webhook starts its flow, with what was sent', async (doors) => {
    const { rig, client } = doors
    const name = `s06-${newId()}`
    await rig.flow(name, 'return inputs.payload.json')
    const hook = await client.webhooks.create({ name, flow_name: name, is_enabled: true })
    const { run, output } = await call(doors, hook, { a: [1] })
    assert.deepEqual([run.output_value, output], [{ a: [1] }, { a: [1] }])
    assert.deepEqual(
      [run.type, run.flow_name, run.webhook_id, run.parent_execution_id],
      ['FLOW', name, hook.id, null],
    )
    const noted = await until(
      async () => (await client.webhooks.deliveries(hook.id)).items[0] ?? null,
      { what: 'the delivery is noted' },
    )
    assert.deepEqual([noted.outcome, noted.execution_id], ['started', run.id])
  })

  item(
    '6.1.3',
    'a schedule starts its flow, with its input, by itself',
    async ({ rig, client }) => {
      const name = `s06-${newId()}`
      await rig.flow(name, 'return inputs.word')
      const schedule = await client.schedules.create({
        name,
        flow_name: name,
        timing: { cron: '* * * * * *' },
        input_value: { word: 'owl' },
      })
      const filter = { field: 'flow_name', op: 'eq', value: name } as const
      const started = await until(
        async () => (await client.executions.list({ filter })).items.at(-1) ?? null,
        { what: 'a run of the flow' },
      )
      const run = await rig.ended(started.id)
      assert.deepEqual(
        [run.type, run.output_value, run.schedule_id],
        ['FLOW', 'owl', schedule.id],
        run.message ?? '',
      )
      const parent = await client.executions.get(run.parent_execution_id ?? '')
      assert.deepEqual([parent.type, parent.schedule_id], ['SCHEDULE', schedule.id])
      await client.schedules.delete(schedule.id)
    },
  )

  item(
    '6.4.4',
    'runs live in the project of their flow, or in that of the webhook, as it says',
    async (doors) => {
      const { client } = doors
      const name = `s06-${newId()}`
      const home = await client.projects.create({ name: `${name}-flow` })
      const away = await client.projects.create({ name: `${name}-webhook` })
      const script = 'export default () => 1'
      await client.flows.create({ name, script, project_id: home.id })
      for (const [location, project] of [
        [undefined, home],
        ['flow', home],
        ['webhook', away],
      ] as const) {
        const hook = await client.webhooks.create({
          name: `${name}-${location ?? 'default'}`,
          flow_name: name,
          is_enabled: true,
          project_id: away.id,
          ...(location !== undefined && { execution_location: location }),
        })
        assert.equal(hook['execution_location'], location ?? 'flow')
        const { run } = await call(doors, hook, {})
        assert.deepEqual([run.project_id, run.project_name], [project.id, project.name])
      }
    },
  )
})
