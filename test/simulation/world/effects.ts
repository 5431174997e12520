import {
  type AttemptResult,
  prepareAttempt,
  refusedAttempt,
  type runAttempt,
} from '@millrace/connectors'
import { instanceNow, never, type World } from './world.ts'

/** What the third party of the simulation has seen. */
export interface SeenEffect {
  readonly at: number
  readonly key: string
  readonly name: string
  readonly isFirst: boolean
}

export interface EffectFaults {
  /** The call never arrives. */
  refuse: number
  /** It has its effect, and the answer is lost. */
  loseAnswer: number
  delayMaxMs: number
}

/** A third party that honours idempotency keys and keeps its own log. */
export interface SimEffects {
  readonly runAttempt: typeof runAttempt
  readonly seen: SeenEffect[]
  readonly faults: EffectFaults
}

export function createSimEffects(world: World, newKeys = false): SimEffects {
  const seen: SeenEffect[] = []
  const known = new Set<string>()
  const faults: EffectFaults = { refuse: 0, loseAnswer: 0, delayMaxMs: 0 }

  async function attempt(request: Parameters<typeof runAttempt>[0]): Promise<AttemptResult> {
    const owner = instanceNow()
    const prepared = prepareAttempt(request)
    if (!prepared.ok) return refusedAttempt(prepared.error)
    const { repeatClass } = prepared
    const body = (prepared.input as { mode?: { body?: { json?: { effect?: string } } } }).mode?.body
    const name = JSON.stringify(body?.json ?? body ?? null)
    const key = newKeys ? world.newId() : request.idempotencyKey
    const fails = (outcome: 'none' | 'unknown'): AttemptResult => ({
      ok: false,
      error: {
        code: outcome === 'none' ? 'NOT_REACHABLE' : 'OUTCOME_UNKNOWN',
        phase: outcome === 'none' ? 'connect' : 'wait',
        outcome,
        message: 'simulated',
      },
      repeatable: outcome === 'none' || repeatClass !== 'never',
      retryAfterMs: null,
      details: {},
    })
    const later = (): Promise<void> =>
      new Promise((resolve) =>
        world.timer(world.rng.int(faults.delayMaxMs + 1), 'third party', resolve),
      )
    if (owner?.state === 'dead') return never()
    await later()
    if (world.rng.next() < faults.refuse) return fails('none')
    const isFirst = !known.has(key)
    known.add(key)
    seen.push({ at: world.now, key, name, isFirst })
    world.note(`- the third party does ${name} for ${key}${isFirst ? '' : ' (known)'}`)
    const isLost = world.rng.next() < faults.loseAnswer
    await later()
    if (isLost) return fails('unknown')
    return {
      ok: true,
      output: {
        result: null,
        status_code: 200,
        reason: 'OK',
        headers: [],
        cookies: {},
        json: null,
      },
      details: {},
    }
  }

  return { runAttempt: attempt, seen, faults }
}
