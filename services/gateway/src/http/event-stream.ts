import type { FastifyReply, FastifyRequest } from 'fastify'
import type { ExecutionEvent } from '../operations/follow-execution.ts'
import { drained } from './drained.ts'
import { goneSignal } from './under-way.ts'

/**
 * Writes events as server-sent events. The first is awaited before the head is sent, so that what is
 * wrong with the request is still answered with a problem. A slow reader holds its own stream up,
 * nobody else's: the next event is fetched when the last was taken.
 */
export async function sendEvents(
  request: FastifyRequest,
  reply: FastifyReply,
  open: (signal: AbortSignal) => AsyncGenerator<ExecutionEvent>,
): Promise<void> {
  const gone = goneSignal(reply)
  const { raw } = reply
  const events = open(gone)
  const first = await events.next()

  reply.hijack()
  raw.writeHead(200, {
    'content-type': 'text/event-stream; charset=utf-8',
    'cache-control': 'no-store',
    'x-accel-buffering': 'no',
  })
  raw.write('retry: 1000\n\n')
  try {
    for (let next = first; next.done !== true; next = await events.next()) {
      if (!raw.write(toText(next.value))) await drained(raw)
      if (gone.aborted) break
    }
  } catch (error) {
    // The head is out: the stream breaks off, and the reader comes back with the last id.
    request.log.warn({ error }, 'stream broke off')
    raw.destroy()
    return
  } finally {
    await events.return(undefined)
  }
  raw.end()
}

const toText = ({ id, type, data }: ExecutionEvent): string =>
  `id: ${id}\nevent: ${type}\ndata: ${JSON.stringify(data)}\n\n`
