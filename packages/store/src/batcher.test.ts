import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createBatcher } from './batcher.ts'

/** A run that returns when the test says so. */
function gate(): {
  run: (items: number[]) => Promise<number[]>
  batches: number[][]
  open: () => void
} {
  const batches: number[][] = []
  const waiting: (() => void)[] = []
  return {
    batches,
    run: (items) =>
      new Promise((resolve) => {
        batches.push(items)
        waiting.push(() => resolve(items.map((item) => item * 10)))
      }),
    open: () => waiting.shift()?.(),
  }
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

test('callers of the same tick share a batch, and each gets its own result', async () => {
  const { run, batches, open } = gate()
  const batcher = createBatcher({ run })
  const results = Promise.all([1, 2, 3].map((item) => batcher.add(item)))
  await turn()
  open()
  assert.deepEqual(await results, [10, 20, 30])
  assert.deepEqual(batches, [[1, 2, 3]])
})

test('what comes during a run waits and goes together as the next batch', async () => {
  const { run, batches, open } = gate()
  const batcher = createBatcher({ run })
  const first = batcher.add(1)
  await turn()
  const others = Promise.all([2, 3, 4].map((item) => batcher.add(item)))
  await turn()
  assert.deepEqual(batches, [[1]])
  assert.equal(batcher.size, 4)
  open()
  await first
  await turn()
  assert.deepEqual(batches, [[1], [2, 3, 4]])
  open()
  await others
  await batcher.idle()
  assert.equal(batcher.size, 0)
})

test('a batch is bounded by bytes, and a larger item goes alone', async () => {
  const { run, batches, open } = gate()
  const batcher = createBatcher({ run, bytesOf: (item) => item, maxBytes: 10 })
  const all = Promise.all([4, 4, 4, 99, 1].map((item) => batcher.add(item)))
  for (let round = 0; round < 5; round++) {
    await turn()
    open()
  }
  await all
  assert.deepEqual(batches, [[4, 4], [4], [99], [1]])
})

test('as many runs are in flight as asked for', async () => {
  const { run, batches, open } = gate()
  const batcher = createBatcher({ run, concurrency: 2, bytesOf: () => 1, maxBytes: 1 })
  const all = Promise.all([1, 2, 3].map((item) => batcher.add(item)))
  await turn()
  assert.deepEqual(batches, [[1], [2]])
  for (let round = 0; round < 3; round++) {
    open()
    await turn()
  }
  assert.deepEqual(await all, [10, 20, 30])
})

test('a run that fails fails its own items and no others', async () => {
  let runs = 0
  const batcher = createBatcher<number, number>({
    run: (items) => {
      runs += 1
      return runs === 1 ? Promise.reject(new Error('away')) : Promise.resolve(items)
    },
  })
  await assert.rejects(batcher.add(1), /away/)
  assert.equal(await batcher.add(2), 2)
})

test('a run that answers for fewer items than it was given is an error, not a wait for ever', async () => {
  const batcher = createBatcher<number, number>({ run: () => Promise.resolve([]) })
  await assert.rejects(batcher.add(1), /1 items returned 0 results/)
})
