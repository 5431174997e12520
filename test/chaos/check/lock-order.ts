import type { AuditEvent, Checker, Evidence, Violation } from '../evidence.ts'
import { groupBy } from './group-by.ts'

/**
 * I3 and I5 from what the triggers saw: at most one holder at a time, tokens that only rise, tickets
 * that are granted in their order, and no request that ends in nothing.
 */
export const checkLockOrder: Checker = ({ rows }) => {
  const gone = closedWaits(rows)
  const keyed = rows.events.filter(({ what }) => LOCK_EVENTS.has(what))
  return [...groupBy(keyed, ({ detail }) => String(detail['key']))].flatMap(([key, events]) =>
    key.startsWith('semaphore:') ? [] : replay(key, events, gone),
  )
}

const LOCK_EVENTS: ReadonlySet<AuditEvent['what']> = new Set([
  'ask',
  'ticket',
  'unask',
  'grant',
  'free',
])

/** Replays the transactions on one lock; inside of one, what is given up comes before what is given. */
function replay(
  key: string,
  events: readonly AuditEvent[],
  gone: ReadonlyMap<string, number>,
): Violation[] {
  const violations: Violation[] = []
  const say = (invariant: string, text: string): void =>
    void violations.push({ invariant, text: `${key}: ${text}` })
  const holders = new Map<string, number>()
  const queue = new Map<string, { ticket: number; execution: string }>()
  let lastToken = 0
  let lastTicket = 0
  for (const own of groupBy(events, ({ xid }) => String(xid)).values()) {
    const queuedBefore = new Set(queue.keys())
    // The lock of a limit is removed while nobody needs it; the next one counts from the start.
    if (isGate(key) && holders.size + queue.size === 0) lastToken = 0
    for (const { what, execution, detail } of own) {
      const request = `${execution}/${String(detail['seq'])}`
      if (what === 'free') holders.delete(execution)
      if (what === 'unask') queue.delete(request)
      // The next life's request has taken the place of this one: it is queued anew.
      if (what === 'ticket' && detail['ticket'] === null) queue.delete(request)
      else if (what === 'ticket') {
        const ticket = Number(detail['ticket'])
        if (detail['was'] !== null) say('I5', `${execution} got another ticket`)
        queue.set(request, { ticket, execution })
        lastTicket = Math.max(lastTicket, ticket)
      }
    }
    const granted = own
      .filter(({ what }) => what === 'grant')
      .toSorted((a, b) => Number(a.detail['token']) - Number(b.detail['token']))
    for (const { execution, detail, n } of granted) {
      const token = Number(detail['token'])
      if (token <= lastToken) say('I3', `token ${token} was granted after ${lastToken}`)
      lastToken = token
      holders.set(execution, token)
      if (!isGate(key) && holders.size > 1)
        say('I3', `held by ${[...holders.keys()].join(' and ')} at once`)
      const asked = own.find(
        (event) => event.what === 'unask' && event.execution === execution && isAcquire(event),
      )
      const ticket = asked === undefined ? null : ticketOf(asked)
      const passedOver = [...queue].find(
        ([request, waiter]) =>
          // Without a ticket it was served at once: those of its own transaction came after it.
          (ticket === null ? queuedBefore.has(request) : waiter.ticket < ticket) &&
          waiter.execution !== execution &&
          (gone.get(request) ?? Infinity) > n,
      )
      if (passedOver !== undefined)
        say('I5', `${execution} got it before ${passedOver[1].execution}, who had asked earlier`)
    }
  }
  return violations
}

/** How many hold one of these is judged by check/places.ts. */
export const isGate = (key: string): boolean => /^(?:concurrency|rate):/.test(key)

const isAcquire = ({ detail }: AuditEvent): boolean => detail['action'] === 'acquire'

const ticketOf = ({ detail }: AuditEvent): number | null =>
  detail['ticket'] === null || detail['ticket'] === undefined ? null : Number(detail['ticket'])

/**
 * When the waits for locks were over, by request: who does not wait is not passed over. Of several
 * lives the first one's counts, since its request may lie about in the next.
 */
function closedWaits({ events }: Evidence['rows']): ReadonlyMap<string, number> {
  const closed = new Map<string, number>()
  for (const { what, execution, detail, n } of events) {
    const request = `${execution}/${String(detail['seq'])}`
    if (what === 'wait over' && detail['kind'] === 'LOCK' && !closed.has(request))
      closed.set(request, n)
  }
  return closed
}
