import type { Execution, NewExecution } from '@millrace/client'
import { monotonicMs, now, sleep } from '@millrace/runtime'
import type { Rng } from '../rng.ts'
import type { LoadShape } from '../row.ts'
import type { Api } from './api.ts'
import { leaveStops } from './debugging.ts'
import type { HookCall, Hooks } from './hooks.ts'
import type { Work, World } from './kind-of-work.ts'
import { WORK } from './work.ts'

export interface Load {
  /** One piece of work now, besides the steady stream. */
  start(kind: string, more?: object): Promise<string | null>
  /** Ends the stream; resolves when every call has its answer, or `patience` aborts. */
  stop(patience: AbortSignal): Promise<void>
}

/**
 * Starts work at scheduled times, whatever became of the work before: a slow stack gets no less of
 * it. Some starts are sent by two callers with one key, some again later, some are steered.
 */
export function startLoad(options: {
  api: Api
  hooks: Hooks
  rng: Rng
  shape: LoadShape
  world: World
}): Load {
  const { api, hooks, rng, shape, world } = options
  const stopping = new AbortController()
  const givingUp = new AbortController()
  const underWay = new Set<Promise<unknown>>()
  const kinds = weighted(shape)
  const steered = shape.steered ?? 0.06
  let count = 0

  const track = <T>(work: Promise<T>): Promise<T> => {
    underWay.add(work)
    void work.catch(() => undefined).finally(() => underWay.delete(work))
    return work
  }

  async function startOne(kind: string, more: object = {}): Promise<string | null> {
    const work = workOf(kind)
    count += 1
    const key = `${kind}-${count}`
    if (kind === 'hook') return deliver(key)
    const input: Record<string, unknown> = { ...work.input(rng, world), ...more }
    const plan = {
      twice: rng.next() < 0.06,
      againMs: rng.next() < 0.06 ? 500 + rng.int(4_000) : null,
      delayMs: rng.next() < 0.05 ? 500 + rng.int(3_000) : null,
      steer: rng.next() < steered ? steering(rng) : null,
      readMs: rng.next() < 0.15 ? rng.int(3_000) : null,
    }
    // No number is drawn for it where nobody asked for it: a seed goes on to mean the same.
    const isBack =
      shape.takenBack !== undefined && work.takenBack !== undefined && rng.next() < shape.takenBack
    const back = isBack ? goingBack(rng) : null
    const steer = back !== null && work.takenBack === 'alone' ? null : plan.steer
    const body: NewExecution = {
      ...work.request?.(input),
      flow_name: kind === 'bomb' ? `${work.flow}-${String(input['kind'])}` : work.flow,
      input_value: input as never,
      name: key,
      ...(plan.delayMs === null
        ? {}
        : { scheduled_for: new Date(now() + plan.delayMs).toISOString() }),
    }
    const send = (): Promise<Execution | null> =>
      api.call({
        kind: 'start',
        key,
        facts: { work: kind, input },
        send: (client) => client.executions.create(body, { idempotencyKey: key }),
        value: (record) => record.id,
        signal: givingUp.signal,
      })
    const first = track(send())
    if (plan.twice) void track(send())
    if (plan.againMs !== null) void track(later(plan.againMs).then(send))
    const record = await first
    if (record === null) return null
    if (steer !== null) void track(steerOne(record.id, steer))
    if (back !== null) void track(takeBack(record.id, back))
    if (kind === 'debugged') void track(leaveStops(api, record.id, givingUp.signal))
    if (plan.readMs !== null) void track(later(plan.readMs).then(() => read(record.id)))
    return record.id
  }

  const later = (ms: number): Promise<void> => sleep(ms)

  /** Some senders send a delivery twice at once, some again later, some under a key that is not ours. */
  async function deliver(delivery: string): Promise<string | null> {
    const call: HookCall = { delivery, signed: rng.next() >= 0.1 }
    const twice = rng.next() < 0.2
    const againMs = rng.next() < 0.2 ? 200 + rng.int(3_000) : null
    const send = (): Promise<string | null> => track(hooks.deliver(call, givingUp.signal))
    const first = send()
    if (twice) void send()
    if (againMs !== null) void track(later(againMs).then(send))
    return first
  }

  const control = (kind: 'cancel' | 'pause' | 'resume' | 'read', id: string): Promise<unknown> =>
    api.call({
      kind,
      key: id,
      send: (client) => (kind === 'read' ? client.executions.get(id) : client.executions[kind](id)),
      value: (record) => record.status,
      signal: givingUp.signal,
    })
  const read = (id: string): Promise<unknown> => control('read', id)

  /** To any of its savepoints, however it stands: also once it has ended. */
  async function takeBack(id: string, plan: GoingBack): Promise<void> {
    for (const { afterMs, to } of plan) {
      await later(afterMs)
      const page = await api.ask(
        (client) => client.executions.savepoints(id, { limit: 1_000 }),
        givingUp.signal,
      )
      const seqs = [0, ...(page?.items ?? []).map(({ seq }) => seq)]
      const seq = seqs[Math.floor(to * seqs.length)] ?? 0
      await api.call({
        kind: 'revert',
        key: id,
        facts: { input: { seq } },
        send: (client) => client.executions.revert(id, { seq }),
        value: (record) => record.status,
        signal: givingUp.signal,
      })
      await read(id)
    }
  }

  async function steerOne(id: string, plan: Steering): Promise<void> {
    await later(plan.afterMs)
    if (plan.kind === 'cancel') {
      await Promise.all([control('cancel', id), plan.reads ? read(id) : null])
      await read(id)
      return
    }
    await control('pause', id)
    await later(plan.pauseMs)
    if (plan.kind === 'pauseCancel') await control('cancel', id)
    else await control('resume', id)
    await read(id)
  }

  async function stream(): Promise<void> {
    const gapMs = 1_000 / (shape.startsPerSecond ?? 12)
    for (let due = monotonicMs(); !stopping.signal.aborted; due += gapMs * (0.5 + rng.next())) {
      const waitMs = due - monotonicMs()
      if (waitMs > 0) await sleep(waitMs, stopping.signal).catch(() => undefined)
      if (!stopping.signal.aborted) void track(startOne(rng.pick(kinds)))
    }
  }
  const streaming = stream()

  return {
    start: (kind, more) => track(startOne(kind, more)),
    stop: async (patience) => {
      stopping.abort()
      patience.addEventListener('abort', () => givingUp.abort(), { once: true })
      await streaming
      while (underWay.size > 0) await Promise.allSettled(underWay)
    },
  }
}

function workOf(kind: string): Work {
  const work = WORK[kind]
  if (work === undefined) throw new Error(`there is no work called ${kind}`)
  return work
}

function weighted({ weights = {} }: LoadShape): string[] {
  return Object.entries(WORK).flatMap(([kind, work]) =>
    Array.from({ length: weights[kind] ?? work.weight }, () => kind),
  )
}

interface Steering {
  readonly kind: 'cancel' | 'pause' | 'pauseCancel'
  readonly afterMs: number
  readonly pauseMs: number
  readonly reads: boolean
}

type GoingBack = readonly { readonly afterMs: number; readonly to: number }[]

const goingBack = (rng: Rng): GoingBack =>
  Array.from({ length: 1 + rng.int(2) }, () => ({ afterMs: rng.int(3_000), to: rng.next() }))

function steering(rng: Rng): Steering {
  return {
    kind: rng.pick(['cancel', 'cancel', 'pause', 'pause', 'pauseCancel'] as const),
    afterMs: rng.int(1_500),
    pauseMs: 200 + rng.int(1_500),
    reads: rng.int(2) === 1,
  }
}
