import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import fc from 'fast-check'
import { newId } from '@millrace/runtime'
import { startStack, type Stack } from '../stack/index.ts'
import { judge } from './judge.ts'
import { type Operation, readOperations } from './openapi.ts'
import { type FuzzRequest, type Kind, KINDS, requestsOf } from './request.ts'
import { send } from './send.ts'
import { createWorld, type World } from './world.ts'

/**
 * Every operation of the document that the gateway serves gets valid, boundary, invalid and hostile
 * requests made from its schemas. `make fuzz` sends some hundred of each kind; `RUNS` and `SEED` change
 * that. The short slice is part of `make test`.
 */
const RUNS = Number(process.env['FUZZ_RUNS'] ?? 4)
const SEED = Number(process.env['FUZZ_SEED'] ?? 20_260_401)
const ONLY = process.env['FUZZ_ONLY'] ?? ''
/** So many valid requests suffice for one of them to be met, if that is possible at all. */
const COVERAGE_FROM_RUNS = 60
/** One operation may not take the time of all others. */
const KIND_MS = 120_000

describe('a fuzz of the REST API', { timeout: 3_600_000 }, () => {
  let stack: Stack
  let world: World
  let operations: readonly Operation[] = []
  const met = new Set<string>()
  const seen = new Map<string, number>()

  before(async () => {
    stack = await startStack()
    operations = await readOperations(stack.url)
    world = await createWorld({ url: stack.url, apiKey: stack.credentials.api_key })
  })
  after(async () => {
    for (const [what, count] of [...seen].toSorted())
      console.log(`${String(count).padStart(7)} ${what}`)
    await stack.stop()
  })

  test('the document has operations, each with its answers', () => {
    assert.ok(operations.length > 40)
    for (const { id, statuses } of operations) assert.ok(statuses.size > 0, id)
  })

  test('an address that is too long is refused in words, and a thousand ids are not too long', async () => {
    const ids = Array.from({ length: 1_000 }, () => newId())
    for (const [filter, status] of [
      [{ field: 'id', op: 'in', value: ids }, 200],
      [{ field: 'name', op: 'eq', value: 'x'.repeat(200_000) }, 414],
    ] as const) {
      const query = encodeURIComponent(JSON.stringify(filter))
      const path = `/execution?filter=${query}`
      const answer = await send(world, { method: 'GET', path, headers: {}, body: null })
      assert.equal(answer.status, status, answer.text)
    }
  })

  for (const kind of KINDS)
    test(`${kind} requests are answered as documented, and in time`, async (t) => {
      for (const operation of operations) {
        if (!operation.id.includes(ONLY)) continue
        const requests = requestsOf(operation, kind, world.wordsOf(operation))
        if (requests === null) continue
        await t.test(`${operation.id}: ${operation.method} ${operation.path}`, () =>
          fuzz(operation, kind, requests),
        )
      }
    })

  test('every operation was met by a valid request', { skip: RUNS < COVERAGE_FROM_RUNS }, () => {
    const missed = operations.filter(({ id }) => id.includes(ONLY) && !met.has(id))
    assert.deepEqual(
      missed.map(({ id }) => id),
      [],
    )
  })

  async function fuzz(
    operation: Operation,
    kind: Kind,
    requests: fc.Arbitrary<FuzzRequest>,
  ): Promise<void> {
    await fc.assert(
      fc.asyncProperty(requests, async (request) => {
        const answer = await send(world, request)
        if (answer.status < 300 && kind === 'valid') met.add(operation.id)
        const what = `${kind} ${operation.id} ${answer.status}`
        seen.set(what, (seen.get(what) ?? 0) + 1)
        const wrong = judge(operation, kind, answer)
        if (wrong !== null) throw new Error(`${wrong}\n${show(request)}`)
      }),
      { seed: SEED, numRuns: RUNS, plugins: [fc.interruptAfterTimeLimit(KIND_MS)] },
    )
  }
})

function show({ method, path, headers, body }: FuzzRequest): string {
  const text = body === null ? '' : body.toString('latin1')
  const shown = text.length > 600 ? `${text.slice(0, 600)}… (${text.length} bytes)` : text
  return `${method} ${path.slice(0, 600)}\n${JSON.stringify(headers)}\n${shown}`
}
