import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { createGrpcClient } from '@millrace/runtime/grpc'
import { scheduleService } from '@millrace/wire'
import { type GatewayFixture, startGateway } from '../gateway-fixture.ts'

let gateway: GatewayFixture
before(async () => {
  gateway = await startGateway()
  const { request } = gateway
  await request('POST', 'flow', { name: 'job', script: 'export default () => 1' })
  await request('POST', 'setting', { name: 'config', value: {} })
  await request('POST', 'scheduler', { name: 'mine', script: 'export default () => 1' })
})
after(() => gateway[Symbol.asyncDispose]())

const HOURLY = { cron: '0 * * * *', time_zone: 'Europe/Berlin' }
const make = (name: string, more: object = {}) =>
  gateway.request('POST', 'schedule', { name, flow_name: 'job', timing: HOURLY, ...more })

async function refused(body: object): Promise<Record<string, string>> {
  const reply = await gateway.request('POST', 'schedule', body)
  assert.equal(reply.status, 422, reply.text)
  const errors = reply.json['errors'] as { pointer: string; message: string }[]
  return Object.fromEntries(errors.map(({ pointer, message }) => [pointer, message]))
}

test('a schedule names what it ties together, and says how it is kept', async () => {
  const reply = await make('ties', { setting_name: 'config', input_value: { a: 1 } })
  assert.equal(reply.status, 201, reply.text)
  const { flow_name, setting_name, timing, input_value, is_enabled, catch_up, overlap } = reply.json
  assert.deepEqual(
    { flow_name, setting_name, timing, input_value, is_enabled, catch_up, overlap },
    {
      flow_name: 'job',
      setting_name: 'config',
      timing: HOURLY,
      input_value: { a: 1 },
      is_enabled: true,
      catch_up: 'none',
      overlap: 'skip',
    },
  )
  const scripted = await gateway.request('PATCH', 'schedule/ties?by=name', {
    scheduler_name: 'mine',
  })
  assert.deepEqual([scripted.json['timing'], scripted.json['scheduler_name']], [null, 'mine'])
  const back = await gateway.request('PATCH', 'schedule/ties?by=name', { timing: HOURLY })
  assert.deepEqual([back.json['timing'], back.json['scheduler_name']], [HOURLY, null])
})

test('what cannot be a schedule is refused with its place', async () => {
  assert.deepEqual(Object.keys(await refused({ name: 'a', timing: HOURLY })), ['/flow_id'])
  assert.deepEqual(Object.keys(await refused({ name: 'a', flow_name: 'job' })), ['/timing'])
  const both = { name: 'a', flow_name: 'job', timing: HOURLY, scheduler_name: 'mine' }
  assert.match((await refused(both))['/timing'] ?? '', /one of both/)
  const cron = { name: 'a', flow_name: 'job', timing: { cron: '61 * * * *' } }
  assert.ok('/timing/cron' in (await refused(cron)))
  const zone = { name: 'a', flow_name: 'job', timing: { cron: '* * * * *', time_zone: 'Mars' } }
  assert.ok('/timing/time_zone' in (await refused(zone)))
  const policy = { name: 'a', flow_name: 'job', scheduler_name: 'mine', overlap: 'allow' }
  assert.ok('/overlap' in (await refused(policy)))
  const times = { starts_at: '2026-01-02T00:00:00Z', ends_at: '2026-01-01T00:00:00Z' }
  assert.ok(
    '/ends_at' in (await refused({ name: 'a', flow_name: 'job', timing: HOURLY, ...times })),
  )
  assert.equal((await make('a', { flow_name: 'nobody' })).status, 404)
  assert.equal((await make('a', { setting_name: 'nobody' })).status, 404)
})

test('the input of its runs is checked when it is said, and not at every run', async () => {
  const properties = { day: { type: 'string' } }
  const input_schema = { type: 'object', properties, required: ['day'] }
  const flow = { name: 'checked', script: 'export default () => 1', input_schema }
  await gateway.request('POST', 'flow', flow)
  const body = { name: 'b', flow_name: 'checked', timing: HOURLY }
  assert.ok('/input_value/day' in (await refused(body)))
  const strict = { ...input_schema, additionalProperties: false }
  await gateway.request('PATCH', 'flow/checked?by=name', { input_schema: strict })
  const said = await refused({ ...body, input_value: { day: 'x' } })
  assert.match(said['/flow_id'] ?? '', /scheduled_at/)
})

test('a preview shows the next times in the zone, across a change of clocks', async () => {
  await make('preview', { timing: { cron: '30 2 * * *', time_zone: 'Europe/Berlin' } })
  const path = 'schedule/preview/preview?by=name&count=2&from=2026-03-28T12:00:00Z'
  const reply = await gateway.request('GET', path)
  const times = reply.json['times'] as { at: string; note: string | null }[]
  assert.deepEqual(
    times.map(({ at }) => at),
    ['2026-03-29T03:00:00+02:00', '2026-03-30T02:30:00+02:00'],
  )
  assert.notEqual(times[0]?.note, null)
  const tried = await gateway.request('POST', 'schedule/preview', {
    timing: { interval_seconds: 60 },
    from: '2026-01-01T00:00:00Z',
    count: 1,
  })
  assert.equal((tried.json['times'] as object[]).length, 1)
  const wrong = await gateway.request('POST', 'schedule/preview', { timing: { cron: 'x' } })
  assert.equal(wrong.status, 422)
})

test('a backfill shows its times, and puts them into the book once', async () => {
  await make('past')
  const body = { from: '2026-01-01T00:00:00Z', to: '2026-01-01T03:00:00Z' }
  const path = 'schedule/past/backfill?by=name'
  const dry = await gateway.request('POST', path, { ...body, dry_run: true })
  assert.equal((dry.json['times'] as object[]).length, 4)
  assert.equal(dry.json['backfill_id'], null)
  const listed = async () =>
    (await gateway.request('GET', 'schedule/past/run?by=name&count=true')).json['total']
  assert.equal(await listed(), 0)
  const key = { 'idempotency-key': 'backfill' }
  const first = await gateway.request('POST', path, body, key)
  assert.equal(first.status, 201, first.text)
  assert.equal((await gateway.request('POST', path, body, key)).text, first.text)
  assert.equal(await listed(), 4)
  const future = { from: '2026-01-01T00:00:00Z', to: '2999-01-01T00:00:00Z' }
  assert.equal((await gateway.request('POST', path, future)).status, 422)
  await make('scripted', { timing: null, scheduler_name: 'mine' })
  const scripted = await gateway.request('POST', 'schedule/scripted/backfill?by=name', body)
  assert.equal(scripted.status, 422)
})

test('pause, resume, enable and disable say where it stands, and why it does not run', async () => {
  await make('steered')
  const act = (what: string) => gateway.request('POST', `schedule/steered/${what}?by=name`)
  const why = async () =>
    String((await gateway.request('GET', 'schedule/steered/why?by=name')).json['reason'])
  assert.match(await why(), /No scheduler is alive/)
  assert.equal((await act('resume')).status, 409)
  assert.equal((await act('pause')).json['is_paused'], true)
  assert.match(await why(), /paused/)
  assert.equal((await act('resume')).json['is_paused'], false)
  assert.equal((await act('disable')).json['is_enabled'], false)
  assert.match(await why(), /disabled/)
  assert.equal((await act('enable')).json['is_enabled'], true)
  const run = await act('trigger')
  // Nobody is there to start it; it is not lost.
  assert.deepEqual([run.status, run.json['state'], run.json['origin']], [201, 'QUEUED', 'TRIGGER'])
})

test('the same through gRPC', async () => {
  const reply = await make('called')
  const id = String(reply.json['id'])
  const client = createGrpcClient(scheduleService, `127.0.0.1:${gateway.gateway.grpcPort}`)
  const options = { metadata: { authorization: `Bearer ${gateway.admin.apiKey}` } }
  const { schedule } = await client.disable({ id }, options)
  assert.equal(schedule?.values?.['is_enabled'], false)
  await client.enable({ id }, options)
  await client.pause({ id }, options)
  await client.resume({ id, catchUp: 'all' }, options)
  await assert.rejects(client.resume({ id, catchUp: undefined }, options), { code: 'conflict' })
  const subject = { $case: 'id', value: id } as const
  const { times } = await client.preview({ subject, count: 3, from: undefined }, options)
  assert.equal(times.length, 3)
  const timing = { $case: 'timing', value: { timing: { interval_seconds: 5 } } } as const
  const tried = await client.preview({ subject: timing, count: 1, from: undefined }, options)
  assert.equal(tried.times.length, 1)
  const past = await client.backfill(
    {
      id,
      from: new Date('2026-01-01T00:00:00Z'),
      to: new Date('2026-01-01T01:00:00Z'),
      overlap: 'allow',
      limit: undefined,
      dryRun: false,
      idempotencyKey: undefined,
    },
    options,
  )
  assert.equal(past.times.length, 2)
  const { run } = await client.trigger({ id, idempotencyKey: undefined }, options)
  assert.equal(run?.origin, 'TRIGGER')
  const list = { id, filter: undefined, order: undefined, limit: 2, cursor: undefined, count: true }
  const page = await client.listRuns(list, options)
  assert.deepEqual([page.items.length, page.total], [2, 3n])
  assert.match((await client.why({ id }, options)).reason, /scheduler/)
  client.close()
})
