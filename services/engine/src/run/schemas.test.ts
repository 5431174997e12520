import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { End } from '@millrace/replay'
import type { Database } from '@millrace/store'
import { schemasOf } from './schemas.ts'

const workspaceId = '01890a5d-ac96-774b-bcce-b302099a8057'
const schema = JSON.stringify({ type: 'object', required: ['n'] })

/** A database with one payload; says how often it was asked. */
function database(body: string): { db: Database; asked: () => number } {
  let asked = 0
  const query = async () => {
    asked += 1
    return [{ workspace_id: workspaceId, hash: 'ab', body }]
  }
  return { db: { query } as unknown as Database, asked: () => asked }
}

const success = (output: End['output']): End => ({
  status: 'ENDED_SUCCESS',
  message: 'done',
  output,
})

test('an output that does not match becomes an error with its place, and is kept', async () => {
  const { db, asked } = database(schema)
  const held = { workspaceId, outputSchema: 'ab' }
  const end = await schemasOf(db).checkEnd(held, success({ m: 1 }))
  assert.equal(end.status, 'ENDED_ERROR')
  assert.match(end.message ?? '', /^SchemaValidationError: .*\/n is missing/)
  assert.deepEqual(end.output, { m: 1 })
  const good = success({ n: 1 })
  assert.equal(await schemasOf(db).checkEnd(held, good), good)
  assert.equal(asked(), 1)
})

test('nothing is asked for where there is no schema, or the code has failed', async () => {
  const { db, asked } = database(schema)
  const good = success(7)
  assert.equal(await schemasOf(db).checkEnd({ workspaceId, outputSchema: null }, good), good)
  const failed: End = { status: 'ENDED_ERROR', message: 'no', output: null }
  assert.equal(await schemasOf(db).checkEnd({ workspaceId, outputSchema: 'ab' }, failed), failed)
  assert.equal(asked(), 0)
})

test('an input that does not match is the error that the call throws', () => {
  const { checkInput } = schemasOf(database(schema).db)
  const flow = { name: 'f', input_schema: schema }
  assert.equal(checkInput(flow, { n: 1 }), null)
  assert.deepEqual(checkInput(flow, null), {
    name: 'SchemaValidationError',
    message: 'the input of the flow "f" does not match its input_schema: /n is missing',
    details: { errors: [{ pointer: '/n', message: 'is missing' }] },
  })
  assert.equal(checkInput({ name: 'f', input_schema: null }, null), null)
})
