import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { VALUE_MAX_BYTES } from '@millrace/replay'
import { attempt, verdict } from '../testing/attempts.ts'
import { serveHttp, type TestHttpServer } from '../testing/http-server.ts'

const MIB = 1_048_576

let server: TestHttpServer
before(async () => {
  server = await serveHttp((request, response) =>
    response.end('x'.repeat(Number(request.url?.slice(1)) * MIB)),
  )
})
after(() => server[Symbol.asyncDispose]())

const get = (mebibytes: number) =>
  attempt('REST', { url: `${server.url}/${mebibytes}`, max_output_size: VALUE_MAX_BYTES })

test('an answer of which the output is larger than a value may be is an error that can be caught', async () => {
  const result = await get(17)
  assert.deepEqual(verdict(result), {
    code: 'TOO_LARGE',
    phase: 'receive',
    outcome: 'known',
    repeatable: false,
  })
  assert.match(JSON.stringify(result), /33554432 bytes.* shown twice.* destination/)
})

test('one of which the output fits comes whole', async () => {
  const result = await get(15)
  assert.ok(result.ok)
  assert.equal(String(result.output['result']).length, 15 * MIB)
})
