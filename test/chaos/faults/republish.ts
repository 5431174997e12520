import { headers } from '@nats-io/nats-core'
import { connect } from '@nats-io/transport-node'
import { after, type Timer } from '@millrace/runtime'
import type { Rng } from '../rng.ts'

export interface RepublishOptions {
  readonly url: string
  readonly rng: Rng
  /** The share of messages of which a copy is sent. */
  readonly share: number
  /** Copies are late by anything up to this: they overtake each other and outlive their reason. */
  readonly withinMs: number
}

export interface Republisher extends AsyncDisposable {
  /** Copies sent so far. */
  readonly sent: number
  /** Copies that wait for their time; dropped by the end. */
  readonly waiting: number
}

/**
 * Hears all messages of the services and sends some again, late and out of order. Its own copies are
 * not copied again. Somebody listens to every subject now, so that a publisher is no longer told that
 * nobody does.
 */
export async function startRepublisher(options: RepublishOptions): Promise<Republisher> {
  const { url, rng, share, withinMs } = options
  const connection = await connect({
    servers: url,
    name: 'chaos-republisher',
    waitOnFirstConnect: true,
    maxReconnectAttempts: -1,
    reconnectTimeWait: 100,
  })
  const waiting = new Set<Timer>()
  let sent = 0
  connection.subscribe('>', {
    callback: (error, message) => {
      const { subject, data } = message
      if (error !== null || /^[_$]/.test(subject) || message.headers?.has(COPY) === true) return
      if (rng.next() >= share) return
      const bytes = Uint8Array.from(data)
      const timer = after(rng.next() * withinMs, () => {
        waiting.delete(timer)
        if (connection.isClosed()) return
        const marked = headers()
        marked.set(COPY, 'yes')
        connection.publish(subject, bytes, { headers: marked })
        sent += 1
      })
      waiting.add(timer)
    },
  })
  await connection.flush()
  return {
    get sent() {
      return sent
    },
    get waiting() {
      return waiting.size
    },
    async [Symbol.asyncDispose]() {
      for (const timer of waiting) timer.cancel()
      await connection.close()
    },
  }
}

const COPY = 'Chaos-Copy'
