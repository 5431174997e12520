import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { setTimeout as rest } from 'node:timers/promises'
import type { EffectRow } from '../evidence.ts'
import { createRng, seedOf } from '../rng.ts'
import { nowNs } from '../run/journal.ts'

/** What a flow sends: which effect it is, and the token when it holds a lock meanwhile. */
export interface EffectRequest {
  readonly key?: string
  /** What a random program calls it. */
  readonly effect?: string
  readonly execution: string
  readonly lock?: string
  readonly token?: number
  readonly phase?: string
}

export interface EffectStub extends AsyncDisposable {
  readonly url: string
  /** From now on it answers all and at once. */
  behave(): void
}

/**
 * The world outside: does each effect once by its key, refuses tokens below the highest it has seen,
 * and behaves badly by chance: acts and loses the answer, acts and answers late, refuses, hangs. Its
 * log says what really happened, whatever the stack believes.
 */
export async function startEffectStub(options: {
  seed: number
  log: (row: EffectRow) => void
}): Promise<EffectStub> {
  const { seed, log } = options
  const arrivals = new Map<string, number>()
  const done = new Set<string>()
  const highest = new Map<string, number>()
  let behaves = false

  function act(
    key: string,
    { lock, token }: EffectRequest,
  ): { acted: boolean; repeated: boolean; stale: boolean } {
    if (lock !== undefined && token !== undefined) {
      if (token < (highest.get(lock) ?? 0)) return { acted: false, repeated: false, stale: true }
      highest.set(lock, token)
    }
    if (done.has(key)) return { acted: false, repeated: true, stale: false }
    done.add(key)
    return { acted: true, repeated: false, stale: false }
  }

  async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = JSON.parse(await text(request)) as EffectRequest
    const key = body.key ?? body.effect ?? ''
    const nth = (arrivals.get(key) ?? 0) + 1
    arrivals.set(key, nth)
    const chance = createRng(seedOf(seed, `${key}#${nth}`))
    const answer = behaves ? 'ok' : mood(chance.next())
    const refuses = answer === 'error' || answer === 'hung'
    const fate = refuses ? { acted: false, repeated: false, stale: false } : act(key, body)
    log({
      at: nowNs(),
      key,
      execution: body.execution,
      mode: mayRepeat(request) ? 'put' : 'post',
      lock: body.lock ?? null,
      token: body.token ?? null,
      phase: body.phase ?? '',
      ...fate,
      answer,
    })
    if (answer === 'lost') return void request.socket.destroy()
    if (answer === 'hung') return // until the sender's own timeout
    if (answer === 'late') await rest(300 + chance.int(1_500))
    response.writeHead(answer === 'error' ? 500 : 200, { 'content-type': 'application/json' })
    response.end(JSON.stringify({ done: key, stale: fate.stale }))
  }

  const server = createServer((request, response) => {
    serve(request, response).catch(() => response.destroy())
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/effect`,
    behave: () => {
      behaves = true
    },
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

const mayRepeat = ({ method, headers }: IncomingMessage): boolean =>
  method === 'PUT' || headers['idempotency-key'] !== undefined

function mood(chance: number): EffectRow['answer'] {
  if (chance < 0.04) return 'lost'
  if (chance < 0.08) return 'late'
  if (chance < 0.1) return 'error'
  return chance < 0.11 ? 'hung' : 'ok'
}
