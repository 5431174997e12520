import type { Execution } from '@millrace/client'
import { monotonicMs, now, sleep } from '@millrace/runtime'
import type { Rng } from '../rng.ts'
import type { LoadShape } from '../row.ts'
import type { Api } from './api.ts'
import { WORK, type Work, type World } from './work.ts'

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
export function startLoad(options: { api: Api; rng: Rng; shape: LoadShape; world: World }): Load {
  const { api, rng, shape, world } = options
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
    const input: Record<string, unknown> = { ...work.input(rng, world), ...more }
    const plan = {
      twice: rng.next() < 0.06,
      againMs: rng.next() < 0.06 ? 500 + rng.int(4_000) : null,
      delayMs: rng.next() < 0.05 ? 500 + rng.int(3_000) : null,
      steer: rng.next() < steered ? steering(rng) : null,
      readMs: rng.next() < 0.15 ? rng.int(3_000) : null,
    }
    const body = {
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
    if (plan.steer !== null) void track(steer(record.id, plan.steer))
    if (plan.readMs !== null) void track(later(plan.readMs).then(() => read(record.id)))
    return record.id
  }

  const later = (ms: number): Promise<void> => sleep(ms)

  const control = (kind: 'cancel' | 'pause' | 'resume' | 'read', id: string): Promise<unknown> =>
    api.call({
      kind,
      key: id,
      send: (client) => (kind === 'read' ? client.executions.get(id) : client.executions[kind](id)),
      value: (record) => record.status,
      signal: givingUp.signal,
    })
  const read = (id: string): Promise<unknown> => control('read', id)

  async function steer(id: string, plan: Steering): Promise<void> {
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

function steering(rng: Rng): Steering {
  return {
    kind: rng.pick(['cancel', 'cancel', 'pause', 'pause', 'pauseCancel'] as const),
    afterMs: rng.int(1_500),
    pauseMs: 200 + rng.int(1_500),
    reads: rng.int(2) === 1,
  }
}
