import assert from 'node:assert/strict'
import { describe } from 'node:test'
import type { Client, Execution } from '@millrace/client'
import { newId } from '@millrace/runtime'
import { until } from '../../stack/index.ts'
import { script } from '../../stack/rig.ts'
import { item, useDoors } from '../harness.ts'

const SLEEP = 'await self.sleep(3600)'
const LEAF = `export default async (system, self) => { await self.sleep(3600) }`
/** A child that waits for a grandchild, and an orphan that waits for one, too. */
const TREE = `const nest = 'export default async (system, self, inputs) => { await self.script(inputs.leaf) }'
await self.script(nest, inputs, { wait: false, orphan: true })
await self.script(nest, inputs)`

describe('steering many', { concurrency: 4, timeout: 240_000 }, () => {
  useDoors()

  /** All below it, whoever started it. */
  async function below(client: Client, root: string): Promise<Execution[]> {
    const filter = { field: 'top_execution_id', op: 'eq', value: root } as const
    const all = await Array.fromAsync(client.executions.iterate({ filter }))
    return all.filter(({ id }) => id !== root)
  }

  item(
    ['D12', '2.5.6'],
    'what has a priority above and below 0 runs, and its children inherit it',
    async ({ rig }) => {
      for (const priority of [-7, 9]) {
        const ended = await rig.run(
          `return (await self.script('export default () => 1')).id`,
          {},
          { priority },
        )
        assert.deepEqual([ended.status, ended.priority], ['ENDED_SUCCESS', priority])
        const [child] = await rig.children(ended.id)
        assert.deepEqual([child?.status, child?.priority], ['ENDED_SUCCESS', priority])
      }
    },
  )

  item(
    ['D13', '2.4.4'],
    'at its maximum runtime a run ends in error and takes with it what is no orphan',
    async ({ rig, client }) => {
      const limit = { max_runtime_seconds: 2 }
      const run = await rig.start(TREE, { leaf: LEAF }, limit)
      assert.equal(run.max_runtime_seconds, 2)
      const all = await until(
        async () => {
          const found = await below(client, run.id)
          return found.length === 4 && found.every((one) => one.started_at !== null) ? found : null
        },
        { what: 'the tree' },
      ).catch(() => below(client, run.id))
      const ended = await rig.ended(run.id)
      assert.equal(ended.status, 'ENDED_ERROR')
      assert.match(ended.message ?? '', /max_runtime_seconds of 2/)
      const orphan = all.find((one) => one.orphan)
      for (const one of await below(client, run.id)) {
        const isSpared = one.orphan || one.parent_execution_id === orphan?.id
        if (isSpared) assert.equal(one.ended_at, null)
        else assert.equal((await rig.ended(one.id)).status, 'ENDED_CANCELLED')
      }
      if (orphan !== undefined) await client.executions.cancel(orphan.id)
    },
  )

  item(
    ['D13', '2.4.4'],
    "a flow's own maximum holds for its runs and children, unless they say otherwise",
    async ({ rig, client }) => {
      const name = `st-max-${newId()}`
      await client.flows.create({ name, script: script(SLEEP), max_runtime_seconds: 1 })
      const own = await client.executions.create({ flow_name: name })
      const none = await client.executions.create({ flow_name: name, max_runtime_seconds: null })
      const parent = await rig.run(
        `const ends = []
         for (const maxRuntime of [undefined, 2]) {
           try { await self.flow(inputs.name, {}, { maxRuntime }) } catch (error) { ends.push(error.name) }
         }
         return ends`,
        { name },
      )
      assert.deepEqual(parent.output_value, ['DependencyFailedError', 'DependencyFailedError'])
      assert.equal((await rig.ended(own.id)).status, 'ENDED_ERROR')
      const [first, second] = await rig.children(parent.id)
      assert.deepEqual([first?.max_runtime_seconds, second?.max_runtime_seconds].toSorted(), [1, 2])
      assert.deepEqual(
        [none.max_runtime_seconds, (await client.executions.get(none.id)).ended_at],
        [null, null],
      )
      await client.executions.cancel(none.id)
    },
  )

  item('D13', 'waits and pauses count', async ({ rig, client }) => {
    const run = await rig.start(SLEEP, {}, { max_runtime_seconds: 4 })
    await rig.reaches(run.id, 'SCHEDULED')
    await client.executions.pause(run.id)
    const ended = await rig.ended(run.id)
    assert.equal(ended.status, 'ENDED_ERROR')
    assert.match(ended.message ?? '', /max_runtime_seconds of 4/)
  })

  item(
    'D28',
    'with tree a pause and a resume go down to all but orphans',
    async ({ rig, client }) => {
      const root = await rig.start(TREE, { leaf: LEAF })
      const all = await until(
        async () => {
          const found = await below(client, root.id)
          return found.length === 4 && found.every((one) => one.started_at !== null) ? found : null
        },
        { what: 'the tree' },
      )
      const orphan = all.find((one) => one.orphan) ?? assert.fail()
      const isSpared = (one: Execution) => one.orphan || one.parent_execution_id === orphan.id
      assert.equal((await client.executions.pause(root.id, { tree: true })).status, 'PAUSED')
      for (const one of await below(client, root.id)) assert.equal(one.is_paused, !isSpared(one))
      assert.notEqual((await client.executions.resume(root.id, { tree: true })).status, 'PAUSED')
      for (const one of await below(client, root.id)) assert.equal(one.is_paused, false)
      await client.executions.cancel(root.id)
      await client.executions.cancel(orphan.id)
    },
  )

  item(
    'D89',
    'a filter says which are meant; a dry run says what would be touched and what refused',
    async ({ rig, client }) => {
      const tag = `st-${newId()}`
      const started = await Promise.all([0, 1, 2].map(() => rig.start(SLEEP, {}, { tags: [tag] })))
      const ended = await rig.run('return 1', {}, { tags: [tag] })
      const filter = { field: 'tag', op: 'eq', value: tag } as const
      const { bulk } = client.executions
      const dry = await bulk({ action: 'pause', filter, dry_run: true })
      const of = (items: typeof dry.items) =>
        items.map(({ id, status }) => `${id} ${status}`).toSorted()
      const expected = [...started.map(({ id }) => `${id} 200`), `${ended.id} 409`].toSorted()
      assert.deepEqual(of(dry.items), expected)
      assert.equal((await client.executions.get(started[0]?.id ?? '')).is_paused, false)
      assert.deepEqual(of((await bulk({ action: 'pause', filter })).items), expected)
      const again = await bulk({ action: 'pause', filter })
      assert.ok(again.items.some(({ detail }) => detail === 'was so already'))
      const cancelled = await bulk({ action: 'cancel', filter, message: 'all of them' })
      assert.deepEqual(of(cancelled.items), expected)
      const one = await client.executions.get(started[1]?.id ?? '')
      assert.deepEqual([one.status, one.message], ['ENDED_CANCELLED', 'all of them'])
    },
  )

  item(
    'D90',
    'as many as there are places go on for each key, the others wait in their order and say so',
    async ({ rig, client, grpc }) => {
      const name = `st-places-${newId()}`
      const flow = await client.flows.create({
        name,
        script: script(SLEEP),
        concurrency: { limit: 2, key: '/customer' },
      })
      assert.deepEqual(flow.concurrency, { limit: 2, key: '/customer' })
      const runs: Execution[] = []
      for (const customer of ['acme', 'acme', 'acme', 'acme', 'other'])
        runs.push(await client.executions.create({ flow_name: name, input_value: { customer } }))
      const [first, second, third, fourth, other] = runs.map(({ id }) => id)
      for (const id of [first, second, other]) await rig.reaches(id ?? '', 'SCHEDULED')
      const why = await until(
        async () => {
          const found = await rig.why(fourth ?? '')
          return found.waits[0]?.position === 2 ? found : null
        },
        { what: 'the place in the queue' },
      )
      assert.equal(why.status, 'WAITING_LOCK')
      assert.match(why.reason ?? '', /one of the 2 places of flow '.*' for the key "acme"/)
      assert.equal(why.waits[0]?.holder, first)
      const ways = (why.waits[0]?.unblock ?? []).map(({ action, href }) => `${action} ${href}`)
      assert.deepEqual(
        ways,
        [first, second].map((id) => `cancel /api/latest/execution/${id}/cancel`),
      )

      const limits = await client.flows.limits(name, { by: 'name' })
      const acme = limits.items.find(({ value }) => value === 'acme') ?? assert.fail()
      assert.deepEqual(
        [
          acme.limit,
          acme.holders.map((one) => one.execution_id),
          acme.waiters.map((one) => one.execution_id),
        ],
        [2, [first, second], [third, fourth]],
      )
      const { limits: over } = await grpc<{ limits: { kind: string; waiter_count: number }[] }>(
        'records',
        'FlowLimits',
        { name },
      )
      assert.ok(over.some(({ kind, waiter_count: count }) => kind === 'concurrency' && count === 2))

      // A paused one keeps its place; one that ends gives it to the next.
      await client.executions.pause(first ?? '')
      await client.executions.cancel(second ?? '')
      await rig.reaches(third ?? '', 'SCHEDULED')
      assert.equal((await client.executions.get(fourth ?? '')).status, 'WAITING_LOCK')
      // Raised, it holds at once for who waits.
      await client.flows.update(
        name,
        { concurrency: { limit: 3, key: '/customer' } },
        { by: 'name' },
      )
      await rig.reaches(fourth ?? '', 'SCHEDULED')
      await client.executions.bulk({ action: 'cancel', ids: runs.map(({ id }) => id) })
    },
  )

  item(
    'D90',
    'children are limited, too, and one that is held back before its start has no place',
    async ({ rig, client }) => {
      const name = `st-children-${newId()}`
      await client.flows.create({ name, script: script(SLEEP), concurrency: { limit: 1 } })
      const held = await client.executions.create({ flow_name: name, run: false })
      const parent = await rig.start(
        `await Promise.all([self.flow(inputs.name, { n: 1 }), self.flow(inputs.name, { n: 2 })])`,
        { name },
      )
      const children = await until(
        async () => {
          const found = await rig.children(parent.id)
          return found.some(({ status }) => status === 'SCHEDULED') ? found : null
        },
        { what: 'one of the children runs' },
      )
      assert.deepEqual(children.map(({ status }) => status).toSorted(), [
        'SCHEDULED',
        'WAITING_LOCK',
      ])
      assert.equal((await client.executions.get(held.id)).status, 'PAUSED')
      await client.executions.resume(held.id)
      assert.equal((await client.executions.get(held.id)).status, 'WAITING_LOCK')
      await client.executions.cancel(parent.id)
      await rig.reaches(held.id, 'SCHEDULED')
      await client.executions.cancel(held.id)
    },
  )

  item('D90', 'no more start in a period than may', async ({ rig, client }) => {
    const name = `st-rate-${newId()}`
    await client.flows.create({
      name,
      script: script('return 1'),
      rate_limit: { limit: 2, per_seconds: 2 },
    })
    const runs: Execution[] = []
    for (let n = 0; n < 5; n += 1) runs.push(await client.executions.create({ flow_name: name }))
    const why = await rig.why(runs[4]?.id ?? '')
    if (why.status === 'WAITING_LOCK') assert.match(why.reason ?? '', /2 starts in 2 s/)
    const ended = await Promise.all(runs.map(({ id }) => rig.ended(id)))
    const times = ended.map((one) => Date.parse(one.started_at ?? '')).toSorted((a, b) => a - b)
    for (const [index, at] of times.entries()) {
      const before = times[index - 2]
      // By the engine's clock, a little after the grant by Postgres's.
      if (before !== undefined) assert.ok(at - before > 1_000, `${at - before} ms`)
    }
    assert.deepEqual((await client.flows.limits(name, { by: 'name' })).items[0]?.waiters, [])
  })

  item('D90', 'limits that cannot be are refused with their place', async ({ rest }) => {
    for (const [body, pointer] of [
      [{ concurrency: { limit: 0 } }, '/concurrency/limit'],
      [{ concurrency: { limit: 1, key: 'customer' } }, '/concurrency/key'],
      [{ rate_limit: { limit: 1 } }, '/rate_limit'],
      [{ rate_limit: { limit: 5_000, per_seconds: 1 } }, '/rate_limit/limit'],
    ] as const) {
      const name = `st-wrong-${newId()}`
      const { status, text } = await rest('POST', '/flow', { name, script: script(SLEEP), ...body })
      assert.equal(status, 422)
      assert.ok(text.includes(pointer), text)
    }
  })

  item(
    'D91',
    'the events of a stream say why, and gRPC has the reason of each wait',
    async ({ rig, client, grpc }) => {
      const sleeper = await rig.start(SLEEP)
      await rig.reaches(sleeper.id, 'SCHEDULED')
      const stop = new AbortController()
      for await (const event of client.executions.stream(sleeper.id, { signal: stop.signal })) {
        if (event.type !== 'status') continue
        const { why } = event.data as { why: { reason: string; waits: unknown[] } | null }
        assert.match(why?.reason ?? '', /It sleeps/)
        assert.equal(why?.waits.length, 1)
        break
      }
      stop.abort()
      const { explanations } = await grpc<{ explanations: { waits: { reason: string }[] }[] }>(
        'executions',
        'Why',
        { id: sleeper.id },
      )
      assert.match(explanations[0]?.waits[0]?.reason ?? '', /It sleeps/)
      await client.executions.cancel(sleeper.id)
    },
  )

  item(
    'D92',
    'the doctor looks at everything and finds nothing wrong, over REST and gRPC',
    async ({ rig, client, grpc }) => {
      const sleeper = await rig.start(SLEEP)
      await rig.reaches(sleeper.id, 'SCHEDULED')
      const report = await client.doctor.examine()
      assert.ok(report.executions > 0 && report.waits > 0)
      assert.ok((report.standing['SCHEDULED'] ?? 0) > 0)
      assert.deepEqual(
        report.findings.filter((one) => one.execution_id === sleeper.id),
        [],
      )
      const { executions } = await grpc<{ executions: string }>('executions', 'Doctor', {})
      assert.ok(Number(executions) > 0)
      // Asked to mend, it looks again afterwards, and leaves alone what stands for a good reason.
      const repaired = await client.doctor.repair()
      assert.deepEqual(
        [repaired.healthy, repaired.findings.some((one) => one.execution_id === sleeper.id)],
        [true, false],
      )
      assert.equal((await client.executions.get(sleeper.id)).status, 'SCHEDULED')
      await client.executions.cancel(sleeper.id)
    },
  )
})
