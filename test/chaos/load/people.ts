import { sleep } from '@millrace/runtime'
import type { Rng } from '../rng.ts'
import type { Api } from './api.ts'

const OPEN = { field: 'status', op: 'eq', value: 'OPEN' } as const

/**
 * People who look at what is asked now and then and answer all of it, two of them each message at once:
 * one of the two is too late. They go on until they are disposed of, since nothing ends without them.
 */
export function startPeople({ api, rng }: { api: Api; rng: Rng }): AsyncDisposable {
  const leaving = new AbortController()
  const { signal } = leaving
  let said = 0

  async function look(): Promise<void> {
    const page = await api.ask(
      (client) => client.messages.list({ filter: OPEN, limit: 100 }),
      signal,
    )
    await Promise.all((page?.items ?? []).flatMap(({ id }) => [reply(id), reply(id)]))
  }

  function reply(id: string): Promise<unknown> {
    said += 1
    const words = `answer ${said}`
    return api.call({
      kind: 'reply',
      key: id,
      facts: { input: words },
      send: (client) => client.messages.reply(id, { string: words }),
      value: () => words,
      signal,
      isContested: true,
    })
  }

  const working = (async () => {
    while (!signal.aborted) {
      await sleep(100 + rng.int(600), signal).catch(() => undefined)
      if (!signal.aborted) await look()
    }
  })()
  return {
    [Symbol.asyncDispose]: async () => {
      leaving.abort()
      await working
    },
  }
}
