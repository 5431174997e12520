import assert from 'node:assert/strict'
import { getEventListeners, once } from 'node:events'
import { get, type IncomingMessage } from 'node:http'
import { afterEach, beforeEach, describe, it } from 'node:test'
import { fastify, type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify'
import type { ExecutionEvent } from '../operations/follow-execution.ts'
import { sendEvents } from './event-stream.ts'
import { sendDocuments } from './send-documents.ts'

const event = (text: string): ExecutionEvent => ({ id: '1', type: 'log', data: { text } })

const aborted = (signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }))

describe('an answer that goes on', () => {
  let app: FastifyInstance
  let handle: (request: FastifyRequest, reply: FastifyReply) => Promise<void>
  let url: string
  /** The answer was given up or has ended, as far as whoever writes it is concerned. */
  let written: Promise<void>

  beforeEach(async () => {
    const { promise, resolve } = Promise.withResolvers<void>()
    written = promise
    app = fastify({ forceCloseConnections: true })
    app.get('/', async (request, reply) => {
      await handle(request, reply)
      resolve()
      return reply
    })
    url = await app.listen({ port: 0, host: '127.0.0.1' })
  })
  afterEach(() => app.close())

  /** Asks, and leaves with the first piece of the answer. */
  async function glance(): Promise<void> {
    const [response] = (await once(get(url), 'response')) as [IncomingMessage]
    await once(response, 'data')
    response.destroy()
  }

  it('ends when its reader leaves while the next event is made', async () => {
    let isReleased = false
    handle = (request, reply) =>
      sendEvents(request, reply, async function* (signal) {
        try {
          yield event('first')
          await aborted(signal)
          yield event('found meanwhile')
        } finally {
          isReleased = true
        }
      })
    await glance()
    await written
    assert.ok(isReleased)
  })

  it('ends when its reader left before the first event was asked for', async () => {
    let isReleased = false
    const { promise: asked, resolve: ask } = Promise.withResolvers<void>()
    handle = async (request, reply) => {
      ask()
      await once(reply.raw, 'close')
      await sendEvents(request, reply, async function* (signal) {
        try {
          while (!signal.aborted) yield event('to nobody')
        } finally {
          isReleased = true
        }
      })
    }
    const call = get(url).on('error', () => undefined)
    await asked
    call.destroy()
    await written
    assert.ok(isReleased)
  })

  it('ends when its reader leaves while the next document is made', async () => {
    let isReleased = false
    handle = (_request, reply) => {
      const documents = async function* (): AsyncGenerator<string> {
        try {
          yield 'first'
          await once(reply.raw, 'close')
          yield 'made meanwhile'
        } finally {
          isReleased = true
        }
      }
      return sendDocuments(reply, documents())
    }
    await glance()
    await written
    assert.ok(isReleased)
  })

  it('keeps nothing of the times at which it waited for its reader', async () => {
    const listeners: number[] = []
    handle = (request, reply) =>
      sendEvents(request, reply, async function* (signal) {
        for (let sent = 0; sent < 20; sent += 1) {
          const { raw } = reply
          const waits = raw.listenerCount('drain') + raw.listenerCount('close')
          listeners.push(waits + getEventListeners(signal, 'abort').length)
          // More than a socket takes at once.
          yield event('x'.repeat(1_000_000))
        }
      })
    const response = await fetch(url)
    assert.ok((await response.text()).length > 20_000_000)
    await written
    assert.equal(listeners.length, 20)
    assert.equal(new Set(listeners).size, 1, String(listeners))
  })
})
