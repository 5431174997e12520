import { createInbox, type Msg } from '@nats-io/nats-core'
import { every, monotonicMs, sleep } from '@millrace/runtime'
import { decodeDispatch, type DispatchItem } from '@millrace/wire'
import type { Link } from './link.ts'
import { WORK } from './streams.ts'
import { type Lane, LANES, type Pool, queueOf } from './subjects.ts'
import type { Trouble } from './trouble.ts'
import type { WorkQueue } from './work-queue.ts'

export interface DispatchBatch {
  readonly items: DispatchItem[]
  /** Acknowledges. Until then NATS is told that it is in work; 6 s after the last sign another gets it. */
  readonly done: () => void
  /** Another gets all of it at once; what of it is done already, he finds done. */
  readonly back: () => void
}

/**
 * Pulls batches of work, as long as fewer than `maxItems` of them are not done. What has a priority goes
 * its own way: high ones are taken beside a full load of others; low ones when nothing else comes, and
 * one message a second in between, so that they are slow and not starved.
 */
export function consumeDispatch(
  deps: LaneDeps,
  pool: Pool,
  { maxItems }: { readonly maxItems: number },
  handler: (batch: DispatchBatch) => void,
): { close(): Promise<void> } {
  const inHand: Record<Lane, number> = { high: 0, normal: 0, low: 0 }
  const heardAt: Record<Lane, number> = { high: -Infinity, normal: -Infinity, low: -Infinity }

  function roomOf(lane: Lane): number {
    if (lane !== 'low') return maxItems - inHand[lane]
    const at = monotonicMs()
    if (at - heardAt.low >= LOW_EVERY_MS) return Math.min(1, maxItems - inHand.low)
    const isQuiet = at - Math.max(heardAt.high, heardAt.normal) > QUIET_MS
    const items = inHand.high + inHand.normal + inHand.low
    return isQuiet && items < maxItems / 2 ? 1 : 0
  }

  const lanes: readonly OpenLane[] = LANES.map((lane) =>
    consumeLane(
      deps,
      queueOf(pool, lane),
      {
        room: () => roomOf(lane),
        taken(count) {
          inHand[lane] += count
          heardAt[lane] = monotonicMs()
        },
        done(count) {
          inHand[lane] -= count
          for (const one of lanes) one.pull()
        },
      },
      handler,
    ),
  )
  return {
    async close() {
      await Promise.all(lanes.map((one) => one.close()))
    },
  }
}

const LOW_EVERY_MS = 1_000
const QUIET_MS = 100

interface OpenLane {
  /** Asks for work if there is room. */
  pull(): void
  close(): Promise<void>
}

interface LaneDeps {
  readonly link: Link
  readonly queue: WorkQueue
  readonly trouble: Trouble
}

/** What a lane may ask for, and what it says of what came. */
interface Room {
  /** Items that it may ask for; below 1: none. */
  readonly room: () => number
  readonly taken: (count: number) => void
  readonly done: (count: number) => void
}

/**
 * Messages hold up to 256 items (8 for connectors), and up to 8 messages are asked for at once, so the
 * bound is a soft one.
 *
 * Works on the protocol instead of the client's own consume(): that one pulls on as messages arrive,
 * whatever became of those before.
 *
 * What is asked for and never answered (server gone, consumer gone, request lost) is asked for again
 * when the connection is back, when the server says so, or when it has been silent for 10 s.
 */
function consumeLane(
  { link, queue, trouble }: LaneDeps,
  name: string,
  { room, taken, done: isFree }: Room,
  handler: (batch: DispatchBatch) => void,
): OpenLane {
  const inbox = createInbox()
  let closing = false
  let itemsPerMessage = 1
  // The request under way: its number and how many messages it may still bring.
  let requestId = 0
  let awaited = 0
  let heardAt = 0
  let recovering = false
  const inWork = new Set<Msg>()

  const listening = link.subscribe(`${inbox}.*`, {}, receive)
  // Requests of a connection that was lost are lost with it.
  link.onUp(() => void recover())
  const watchdog = every(1_000, () => {
    if (awaited > 0 && monotonicMs() - heardAt > SILENCE_MS) void recover()
    // A lane that gave way to others may have its turn.
    else pull()
  })

  const signs = every(SIGN_MS, () => {
    for (const message of inWork) answer(message, IN_WORK)
  })

  function pull(): void {
    const connection = link.current()
    if (closing || recovering || connection === null || awaited > 0) return
    const items = room()
    if (items < 1) return
    requestId += 1
    awaited = Math.min(PULL_MAX, Math.ceil(items / itemsPerMessage))
    heardAt = monotonicMs()
    connection.publish(
      `$JS.API.CONSUMER.MSG.NEXT.${WORK}.${name}`,
      JSON.stringify({
        batch: awaited,
        expires: EXPIRES_MS * 1_000_000,
        idle_heartbeat: HEARTBEAT_MS * 1_000_000,
      }),
      { reply: `${inbox}.${requestId}` },
    )
  }

  /** Messages come under their own subject, words of the server about a request under the inbox. */
  function receive(message: Msg): void {
    heardAt = monotonicMs()
    if (!message.subject.startsWith(inbox)) return take(message)
    if (message.subject !== `${inbox}.${requestId}`) return
    const code = message.headers?.code ?? 0
    if (code === IDLE_HEARTBEAT) return
    awaited = 0
    // Ran out of time or of messages: the usual end of a request.
    if (code === NOT_FOUND || code === TIMEOUT) return pull()
    void recover()
  }

  function take(message: Msg): void {
    awaited = Math.max(0, awaited - 1)
    // Sent before the server knew that we leave: somebody else may have it at once.
    if (closing) return answer(message, NAK)
    let items: DispatchItem[]
    try {
      items = decodeDispatch(message.data)
    } catch (error) {
      trouble('dispatch', 'not understood', error)
      answer(message, TERM)
      return pull()
    }
    taken(items.length)
    itemsPerMessage = Math.max(1, itemsPerMessage * 0.9 + items.length * 0.1)
    handle(message, items)
    pull()
  }

  function handle(message: Msg, items: DispatchItem[]): void {
    let isDone = false
    inWork.add(message)
    const finish = (word: string): void => {
      if (isDone) return
      isDone = true
      answer(message, word)
      inWork.delete(message)
      isFree(items.length)
    }
    try {
      handler({ items, done: () => finish(ACK), back: () => finish(NAK) })
    } catch (error) {
      trouble('dispatch', 'handler failed', error)
      finish(NAK_LATER)
    }
  }

  async function recover(): Promise<void> {
    if (recovering || closing) return
    recovering = true
    awaited = 0
    const isThere = await queue.ensure()
    // A server that refuses for another reason is not asked more than ten times a second.
    await sleep(isThere ? 20 : 100)
    recovering = false
    pull()
    if (!isThere && link.current() !== null) void recover()
  }

  return {
    pull,
    async close() {
      closing = true
      watchdog.cancel()
      signs.cancel()
      await listening.close()
    },
  }
}

function answer(message: Msg, word: string): void {
  try {
    message.respond(word)
  } catch {
    // Closed meanwhile: the batch is given to another process, who finds the work done.
  }
}

const PULL_MAX = 8
const EXPIRES_MS = 30_000
const HEARTBEAT_MS = 4_000
const SILENCE_MS = 10_000
// A third of the time after which the batch is another's (streams.ts).
const SIGN_MS = 2_000

const IDLE_HEARTBEAT = 100
const NOT_FOUND = 404
const TIMEOUT = 408

const ACK = '+ACK'
const IN_WORK = '+WPI'
const NAK = '-NAK'
const TERM = '+TERM'
// To whoever asks first, a second from now.
const NAK_LATER = '-NAK {"delay": 1000000000}'
