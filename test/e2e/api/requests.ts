import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { ExecutionEvent } from '@millrace/client'
import { newId } from '@millrace/runtime'
import type { StackInUse } from '../../stack/index.ts'
import { post, raw } from './raw-request.ts'

/** Starting, listing, records and streams over REST. */
export function requests(at: StackInUse): void {
  describe('starting', { concurrency: true }, () => {
    test('without wait the answer is 201 with the record, with wait 200 or 202', async () => {
      assert.equal((await post(at, '/execution', { flow_name: 'hello' })).status, 201)
      const ended = await post(at, '/execution?wait=20', { flow_name: 'fails' })
      assert.deepEqual(
        [ended.status, ended.body?.['status'], ended.body?.['message']],
        [200, 'ENDED_ERROR', 'no luck'],
      )
      const open = await post(at, '/execution?wait=0.2', { flow_name: 'sleeper' })
      assert.deepEqual([open.status, open.body?.['ended_at']], [202, null])
      await at.stack.client.executions.cancel(String(open.body?.['id']))
    })

    test('the same idempotency key starts one execution and gives one answer', async () => {
      const headers = { 'idempotency-key': newId() }
      const answers = await Promise.all(
        [1, 2, 3].map(() =>
          at.stack.client.executions.create(
            { flow_name: 'hello' },
            { idempotencyKey: headers['idempotency-key'] },
          ),
        ),
      )
      assert.equal(new Set(answers.map((answer) => answer.id)).size, 1)
      const other = await post(at, '/execution', { flow_name: 'fails' }, headers)
      assert.equal(other.status, 409)
      assert.match(String(other.body?.['detail']), /idempotency/i)
    })

    test('a batch of a thousand is created in order', async () => {
      const items = Array.from({ length: 1000 }, (_, n) => ({
        flow_name: 'hello',
        input_value: { name: n },
      }))
      const { ids } = await at.stack.client.executions.createBatch(items)
      assert.equal(new Set(ids).size, 1000)
      const ends = await Promise.all([0, 499, 999].map((n) => at.rig.ended(ids[n] ?? '', 60)))
      assert.deepEqual(
        ends.map((end) => end.output_value),
        [{ hello: 0 }, { hello: 499 }, { hello: 999 }],
      )
    })

    test('a batch with one that cannot be is refused whole, naming it', async () => {
      const answer = await post(at, '/execution/batch', {
        items: [{ flow_name: 'hello' }, { flow_name: 'nowhere' }],
      })
      assert.ok(answer.status === 404 || answer.status === 422, answer.text)
      assert.match(answer.text, /\/items\/1|nowhere/)
    })

    test('every property of the record is there, null where it has no value', async () => {
      const record = (await post(at, '/execution?wait=20', { flow_name: 'hello' })).body ?? {}
      for (const name of [
        'activity_type',
        'breakpoints',
        'bundle_id',
        'connector_id',
        'dependency_id',
        'end_status',
        'is_hidden',
        'message_id',
        'process_id',
        'provisioning_type',
        'savepoint_retention',
        'wrapper_name',
        'epoch',
        'version',
        'priority',
        'tags',
        'trace_id',
        'why',
      ]) {
        assert.ok(name in record, name)
      }
    })
  })

  describe('lists and records', { concurrency: true }, () => {
    test('pages follow each other without a gap or a double', async () => {
      const { ids } = await at.stack.client.executions.createBatch(
        Array.from({ length: 25 }, () => ({ flow_name: 'hello', name: 'paged' })),
      )
      const filter = { field: 'name', op: 'eq', value: 'paged' } as const
      const seen = await Array.fromAsync(
        at.stack.client.executions.iterate({ filter, order: 'created_at', limit: 7 }),
      )
      assert.deepEqual(seen.map((one) => one.id).toSorted(), ids.toSorted())
      const page = await at.stack.client.executions.list({ filter, limit: 1, count: true })
      assert.equal(page.total, 25)
      const mixed = await raw(
        at,
        `/execution?limit=1&cursor=${encodeURIComponent(page.next_cursor ?? '')}`,
      )
      assert.equal(mixed.status, 422, 'a cursor used with another filter is refused')
    })

    test('a record is created, changed, put in the trash, restored and removed', async () => {
      const { projects } = at.stack.client
      const made = await projects.create({ name: 'birds' })
      assert.equal((await projects.update(made.id, { description: 'owls' })).description, 'owls')
      await projects.delete('birds', { by: 'name' })
      await assert.rejects(projects.get('birds', { by: 'name' }), { status: 404 })
      assert.equal((await projects.restore(made.id)).name, 'birds')
      await projects.delete(made.id, { permanently: true })
      await assert.rejects(projects.restore(made.id), { status: 404 })
    })

    test('the OpenAPI document describes what is there', async () => {
      const document = (await (await fetch(`${at.stack.url}/api/openapi.json`)).json()) as {
        openapi: string
        paths: Record<string, unknown>
      }
      assert.match(document.openapi, /^3\.1/)
      assert.ok(Object.keys(document.paths).some((path) => path.endsWith('/execution/{id}/why')))
    })

    test('alive, ready and metrics answer without credentials', async () => {
      for (const path of ['/alive', '/ready', '/metrics'])
        assert.equal((await fetch(`${at.stack.url}${path}`)).status, 200, path)
    })
  })

  describe('the event stream', { concurrency: true }, () => {
    const BODY = `self.log('one'); await self.sleep(0.05); self.log('two'); await self.sleep(0.05); return 3`

    test('a stream tells all until the end', async () => {
      const started = await at.rig.start(BODY)
      const events = await Array.fromAsync(at.stack.client.executions.stream(started.id))
      assert.deepEqual(logged(events), ['one', 'two'])
      assert.equal(events.at(-1)?.type, 'ended')
      assert.ok(events.some((event) => event.type === 'status'))
    })

    test('a stream of what has ended tells the same', async () => {
      const ended = await at.rig.run(BODY)
      assert.deepEqual(logged(await Array.fromAsync(at.stack.client.executions.stream(ended.id))), [
        'one',
        'two',
      ])
    })

    test('a stream that is resumed after any event loses nothing and repeats nothing', async () => {
      const ended = await at.rig.run(BODY)
      const all = await Array.fromAsync(at.stack.client.executions.stream(ended.id))
      for (const [index, event] of all.entries()) {
        if (event.id === null || event.type === 'ended') continue
        const rest = await Array.fromAsync(
          at.stack.client.executions.stream(ended.id, { lastEventId: event.id }),
        )
        assert.deepEqual(
          rest.map(({ id }) => id),
          all.slice(index + 1).map(({ id }) => id),
        )
      }
    })

    const logged = (events: readonly ExecutionEvent[]) =>
      events
        .filter((event) => event.type === 'log')
        .flatMap((event) => (event.data as { values: unknown[] }).values)
  })
}
