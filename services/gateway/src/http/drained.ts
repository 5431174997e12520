import type { ServerResponse } from 'node:http'

/** Resolves when the response takes more, or its reader has gone. Leaves no listener behind. */
export function drained(raw: ServerResponse): Promise<void> {
  return new Promise((resolve) => {
    // Who has left is not told of again.
    if (raw.destroyed) return resolve()
    const done = (): void => {
      raw.off('drain', done)
      raw.off('close', done)
      resolve()
    }
    raw.on('drain', done)
    raw.on('close', done)
  })
}
