import { toServiceError } from '@millrace/runtime'
import type { Answer, Route, RouteRequest } from '../../services/gateway/src/http/route.ts'
import { idempotently } from '../../services/gateway/src/operations/idempotent.ts'
import { freshIds } from '../../services/gateway/src/operations/request-ids.ts'
import type { Door, Stack } from './world/stack.ts'
import { runAs, type World } from './world/world.ts'

/** A client of the gateway: asks until it is answered, as one with an Idempotency-Key may. */
export interface Client {
  /** Resolves with the answer to a request that was made at most once. */
  ask(route: string, request: ClientRequest): Promise<Answer>
}

export interface ClientRequest {
  readonly params?: Readonly<Record<string, string>>
  readonly query?: object
  readonly body?: object
  /** With it the gateway makes it once, however often it is asked. */
  readonly key?: string
}

const RETRY_MS = 700
const TIMEOUT_MS = 12_000

export function createClient(
  world: World,
  stack: Stack,
  caller: { workspaceId: string; userId: string },
): Client {
  /** One try; a gateway that dies or hangs never answers. */
  function once(door: Door, route: Route, request: ClientRequest): Promise<Answer> {
    const { params = {}, query = {}, body = {}, key } = request
    const who = { ...caller, userName: 'sim', isAdmin: false, expiresAt: null }
    // Connections last until their answer here.
    const gone = (): AbortSignal => new AbortController().signal
    const parts = { caller: who, params, query, body, ids: freshIds, traceparent: null, gone }
    return new Promise((resolve, reject) => {
      world.timer(TIMEOUT_MS, 'the client is tired of waiting', () =>
        reject(new Error('no answer in time')),
      )
      world.enqueue({
        owner: door.instance,
        label: `is asked ${route.id}`,
        run() {
          const handle = (ids: () => string): Promise<Answer> =>
            Promise.resolve(
              route.handle(door.context, { ...parts, ids } as unknown as RouteRequest<
                never,
                never,
                never
              >),
            )
          const answered =
            key === undefined
              ? handle(freshIds)
              : idempotently(
                  door.context,
                  who,
                  { key, identity: JSON.stringify([route.id, params, query, body]) },
                  async (ids) => {
                    const { status, body: made } = await handle(ids)
                    return { status, body: typeof made === 'object' ? JSON.stringify(made) : made }
                  },
                )
          answered.then(
            (answer) => runAs(null, () => resolve(answer)),
            (error: unknown) => runAs(null, () => reject(error as Error)),
          )
        },
      })
    })
  }

  return {
    async ask(id, request) {
      for (;;) {
        const [door] = stack.doors()
        const route = door?.routes.find((one) => one.id === id)
        if (door !== undefined && route !== undefined) {
          try {
            const answer = await once(door, route, request)
            world.note(`- client: ${id} answered ${answer.status}`)
            return answer
          } catch (error) {
            world.note(`- client: ${id} failed: ${(error as Error).message}`)
            const { code, retryable } = toServiceError(error)
            const mayTryAgain =
              retryable || code === 'internal' || (code === 'conflict' && request.key !== undefined)
            if (!mayTryAgain) throw error
          }
        }
        await world.sleep(RETRY_MS)
      }
    },
  }
}
