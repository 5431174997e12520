import { AsyncLocalStorage } from 'node:async_hooks'
import type { WorkspaceFiles } from '../workspace-files.ts'
import { beyondWall } from './wall.ts'

/**
 * Files for the code of an attempt. They are ours, and what serves them may open a connection to our
 * own Postgres at any call: it runs beyond the wall. What it is given to store is read within.
 */
export const filesBeyondWall = (files: WorkspaceFiles): WorkspaceFiles => ({
  maxBytes: files.maxBytes,
  async find(name) {
    const file = await beyondWall(() => files.find(name))
    return file && { ...file, read: () => eachWithin(beyondWall, file.read()) }
  },
  save(file) {
    const bytes = eachWithin(AsyncLocalStorage.snapshot(), file.bytes)
    return beyondWall(() => files.save({ ...file, bytes }))
  },
})

type Run = <T>(work: () => T) => T

/** The same items, each of them asked for within `run`. */
async function* eachWithin<T>(run: Run, items: AsyncIterable<T>): AsyncGenerator<T> {
  const iterator = run(() => items[Symbol.asyncIterator]())
  try {
    for (;;) {
      const next = await run(() => iterator.next())
      if (next.done === true) return
      yield next.value
    }
  } finally {
    await run(() => iterator.return?.())
  }
}
