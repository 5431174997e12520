import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createLogger, ServiceError } from '@millrace/runtime'
import { createBacklog } from './backlog.ts'

const log = createLogger('test', { level: 'silent' })

/** A backlog whose work is done when so many items are. */
function backlogOf(count: number, fails: (items: readonly string[]) => Error | null) {
  const done: string[] = []
  const whole = Promise.withResolvers<void>()
  const backlog = createBacklog<string>({
    ...{ name: 'test', log, maxItems: 100, keyOf: (item: string) => item },
    run: (items) => {
      const error = fails(items)
      if (error !== null) return Promise.reject(error)
      done.push(...items)
      if (done.length === count) whole.resolve()
      return Promise.resolve()
    },
  })
  return { backlog, done, whole: whole.promise }
}

test('a hint that can never be worked on is dropped, and keeps no other', async () => {
  const items = ['a', 'b', 'poison', 'c', 'd', 'e', 'f']
  const { backlog, done, whole } = backlogOf(items.length - 1, (some) =>
    some.includes('poison') ? new ServiceError('internal', 'no such id') : null,
  )
  backlog.add(items)
  backlog.start()
  await whole
  await backlog.stop()
  assert.deepEqual(done.toSorted(), ['a', 'b', 'c', 'd', 'e', 'f'])
  assert.equal(backlog.size, 0)
})

test('what fails because a server is away is tried again, whole', async () => {
  let isAway = true
  const { backlog, done, whole } = backlogOf(2, () => {
    const error = isAway ? new ServiceError('unavailable', 'away') : null
    isAway = false
    return error
  })
  backlog.add(['a', 'b'])
  backlog.start()
  await whole
  await backlog.stop()
  assert.deepEqual(done, ['a', 'b'])
})
