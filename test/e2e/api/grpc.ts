import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { callGrpc, connectGrpc, type GrpcClients, type StackInUse } from '../../stack/index.ts'
import { UNKNOWN_ID } from './raw-request.ts'

/** The same through gRPC, with clients made from the public .proto files. */
export function grpcCalls(at: StackInUse): void {
  describe('gRPC', { concurrency: true }, () => {
    let grpc: GrpcClients
    before(() => {
      grpc = connectGrpc({ url: at.stack.grpcUrl, apiKey: at.stack.credentials.api_key })
    })
    after(() => grpc.close())

    type Executed = {
      execution: { id: string; status: string; properties: { fields: Record<string, unknown> } }
    }
    const NOT_FOUND = 5
    const INVALID_ARGUMENT = 3
    const FAILED_PRECONDITION = 9
    const UNAUTHENTICATED = 16

    test('an execution is created, awaited and read', async () => {
      const created = await callGrpc<Executed>(grpc.executions, 'Create', {
        flow_name: 'hello',
        wait_seconds: 20,
        input_value: { structValue: { fields: { name: { stringValue: 'owl' } } } },
      })
      assert.equal(created.execution.status, 'EXECUTION_STATUS_ENDED_SUCCESS')
      const got = await callGrpc<Executed>(grpc.executions, 'Get', { id: created.execution.id })
      assert.match(JSON.stringify(got.execution.properties), /owl/)
      assert.deepEqual((await at.stack.client.executions.get(created.execution.id)).output_value, {
        hello: 'owl',
      })
    })

    test('refusals carry the code that fits', async () => {
      await assert.rejects(callGrpc(grpc.executions, 'Create', { flow_name: 'nowhere' }), {
        code: NOT_FOUND,
      })
      await assert.rejects(callGrpc(grpc.executions, 'Create', {}), { code: INVALID_ARGUMENT })
      await assert.rejects(callGrpc(grpc.executions, 'Get', { id: UNKNOWN_ID }), {
        code: NOT_FOUND,
      })
      const ended = await at.rig.run('return 1')
      await assert.rejects(callGrpc(grpc.executions, 'Cancel', { id: ended.id }), {
        code: FAILED_PRECONDITION,
      })
      const nobody = connectGrpc({ url: at.stack.grpcUrl, apiKey: null })
      await assert.rejects(callGrpc(nobody.executions, 'Get', { id: ended.id }), {
        code: UNAUTHENTICATED,
      })
      nobody.close()
    })

    test('pause, why, resume, cancel, tree, log and list', async () => {
      const { id } = (await callGrpc<Executed>(grpc.executions, 'Create', { flow_name: 'sleeper' }))
        .execution
      await at.rig.reaches(id, 'SCHEDULED')
      assert.equal(
        (await callGrpc<Executed>(grpc.executions, 'Pause', { id })).execution.status,
        'EXECUTION_STATUS_PAUSED',
      )
      const why = await callGrpc<{ explanations: { status: string; reason: string }[] }>(
        grpc.executions,
        'Why',
        { id },
      )
      assert.equal(why.explanations[0]?.status, 'EXECUTION_STATUS_PAUSED')
      await callGrpc(grpc.executions, 'Resume', { id })
      assert.equal(
        (await callGrpc<Executed>(grpc.executions, 'Cancel', { id })).execution.status,
        'EXECUTION_STATUS_ENDED_CANCELLED',
      )
      assert.equal(
        (await callGrpc<{ nodes: unknown[] }>(grpc.executions, 'Tree', { id })).nodes.length,
        1,
      )
      await callGrpc(grpc.executions, 'Log', { id })
      assert.equal(
        (await callGrpc<{ items: unknown[] }>(grpc.executions, 'List', { limit: 1 })).items.length,
        1,
      )
    })

    test('a batch and a bulk action', async () => {
      const { ids } = await callGrpc<{ ids: string[] }>(grpc.executions, 'CreateBatch', {
        executions: [{ flow_name: 'sleeper' }, { flow_name: 'sleeper' }],
      })
      const { outcomes } = await callGrpc<{ outcomes: { id: string; ok: boolean }[] }>(
        grpc.executions,
        'Bulk',
        { action: 'BULK_ACTION_CANCEL', ids },
      )
      assert.deepEqual(
        outcomes.map(({ id, ok }) => [id, ok]),
        ids.map((id) => [id, true]),
      )
    })

    test('records are the same ones', async () => {
      const { record } = await callGrpc<{ record: { id: string; name: string } }>(
        grpc.records,
        'Get',
        { type: 'flow', name: 'hello' },
      )
      assert.equal(record.id, (await at.stack.client.flows.get('hello', { by: 'name' })).id)
    })
  })
}
