import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { createLogger, newId } from '@millrace/runtime'
import { served, serveGrpc } from '@millrace/runtime/grpc'
import { registerProcess } from '@millrace/store'
import { runSql } from '@millrace/testkit'
import { engineService, pb } from '@millrace/wire'
import { type GatewayFixture, startGateway } from '../gateway-fixture.ts'

let gateway: GatewayFixture
before(async () => {
  gateway = await startGateway()
})
after(() => gateway[Symbol.asyncDispose]())

const sql = (text: string, params: unknown[]) => runSql(gateway.databaseUrl, text, params)

/** An execution that has waited for a while for the answer to a message. */
async function waitsFor(message: string): Promise<string> {
  const script = 'export default () => 1'
  const id = String((await gateway.request('POST', 'execution', { script })).json['id'])
  await sql(
    `UPDATE execution SET status = 'WAITING_RESPONSE', version = version + 1, started_at = clock(),
       moved_at = clock() - interval '1 minute' WHERE id = $1`,
    [id],
  )
  await sql(
    `INSERT INTO wait (workspace_id, execution_id, generation, seq, kind, ref, subject, since)
     SELECT workspace_id, id, 1, 1, 'RESPONSE', $2, 'Go?', clock() - interval '1 minute' FROM execution WHERE id = $1`,
    [id, message],
  )
  return id
}

/** What an execution that has ended long ago has asked. */
async function message(status: 'OPEN' | 'ANSWERED' | 'CLOSED'): Promise<string> {
  const id = newId()
  const isAnswered = status === 'ANSWERED'
  const at = new Date(Date.now() - 60_000).toISOString()
  await sql(
    `INSERT INTO message (workspace_id, id, execution_id, generation, seq, is_awaited, status, title, form,
       response, answered_at, answered_by, closed_at, closed_why)
     VALUES ($1, $2, $3, 1, 1, false, $4, 'Go?', '{}', $5, $6, $7, $8, $9)`,
    [
      gateway.admin.workspaceId,
      id,
      newId(),
      status,
      isAnswered ? '{}' : null,
      isAnswered ? at : null,
      isAnswered ? 'anna' : null,
      status === 'CLOSED' ? at : null,
      status === 'CLOSED' ? 'TIMEOUT' : null,
    ],
  )
  return id
}

test('the doctor finds whoever waits for a message that takes no answer any more', async () => {
  const fine = await waitsFor(await message('OPEN'))
  const stuck = [
    await waitsFor(newId()),
    await waitsFor(await message('ANSWERED')),
    await waitsFor(await message('CLOSED')),
  ]
  const { json } = await gateway.request('GET', 'doctor')
  const findings = (
    json['findings'] as { kind: string; execution_id: string | null; repair: string | null }[]
  ).filter((one) => one.execution_id !== null)
  assert.deepEqual(
    findings.map((one) => [one.kind, one.execution_id]).toSorted(),
    stuck.map((id) => ['settled', id]).toSorted(),
  )
  assert.ok(!findings.some((one) => one.execution_id === fine))
  assert.equal(findings[0]?.repair, 'tell the scheduler to answer it')
})

test('a repair takes from a process what it does not know, and leaves paused what somebody pauses meanwhile', async () => {
  const script = 'export default () => 1'
  const create = async () =>
    String((await gateway.request('POST', 'execution', { script })).json['id'])
  const ids = [await create(), await create()]
  const asked: string[] = []
  const nobodyHasIt = served(engineService, {
    async where({ executionId }) {
      // The doctor asks about one after the other: the first is found by then, and not mended yet.
      for (const id of asked) await gateway.request('POST', `execution/${id}/pause`)
      asked.push(executionId)
      return { processId, presence: pb.Presence.ABSENT, since: undefined }
    },
    inspect: () => Promise.reject(new Error('not asked')),
    dump: () => Promise.reject(new Error('not asked')),
  })
  const processId = newId()
  await using engine = await serveGrpc({
    services: [nobodyHasIt],
    log: createLogger('engine', { level: 'silent' }),
  })
  const address = `127.0.0.1:${engine.port}`
  await registerProcess(gateway.db, { processId, service: 'engine', address, ttlMs: 60_000 })
  await sql(
    `UPDATE execution SET status = 'AT_ENGINE', version = version + 1, epoch = epoch + 1, process_id = $2,
       started_at = clock(), moved_at = clock() - interval '1 minute' WHERE id = ANY ($1::uuid[])`,
    [ids, processId],
  )

  const { json } = await gateway.request('POST', 'doctor/repair')
  const unheld = (json['findings'] as { kind: string; repaired: boolean }[]).filter(
    ({ kind }) => kind === 'unheld',
  )
  assert.deepEqual(
    unheld.map(({ repaired }) => repaired),
    [true, true],
  )
  const statuses = asked.map(
    async (id) => (await gateway.request('GET', `execution/${id}`)).json['status'],
  )
  assert.deepEqual(await Promise.all(statuses), ['PAUSED', 'WAITING_ENGINE'])
})
