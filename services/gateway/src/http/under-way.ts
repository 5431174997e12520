import type { IncomingMessage, ServerResponse } from 'node:http'
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Context } from '../context.ts'
import type { Route } from './route.ts'

/** Refuses what there is no room for, and counts the body from here until its answer is out. */
export function countIn(
  { admission }: Context,
  route: Route,
  request: FastifyRequest,
  reply: FastifyReply,
): void {
  if (route.starts === undefined) return
  const bytes = Number(request.headers['content-length'] ?? BODY_UNKNOWN_BYTES)
  const waits =
    route.waits?.(request) ?? Number((request.query as { wait?: unknown }).wait ?? 0) > 0
  whenOver(reply.raw, admission.enter({ bytes, waits }))
}

// What a body that does not say its size counts for.
const BODY_UNKNOWN_BYTES = 1_048_576

/** Aborts when the answer is out or its caller is gone: nobody needs what is still being done for it. */
export function goneSignal(reply: FastifyReply): AbortSignal {
  const gone = new AbortController()
  whenOver(reply.raw, () => gone.abort())
  return gone.signal
}

/** Calls `then` once, and at once when it is over already: nothing would be said of it any more. */
function whenOver(response: ServerResponse, then: () => void): void {
  if (response.closed || response.req.socket.destroyed) then()
  else response.once('close', then)
}

/**
 * Cuts off a caller of whose body nothing has come for half a minute. What it has announced counts
 * against the bodies of all others, and of a laptop that was closed nothing else would ever tell.
 */
export function cutOffStalled(request: IncomingMessage, silentMs = SILENT_MS): void {
  const { socket } = request
  const cutOff = (): void => void socket.destroy()
  socket.setTimeout(silentMs, cutOff)
  // Read to its end, or given up: from here on it is we who take our time.
  request.once('close', () => socket.setTimeout(0, cutOff))
}

const SILENT_MS = 30_000
