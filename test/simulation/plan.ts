import {
  ALL_FEATURES,
  createRng,
  type Feature,
  hasFewOutcomes,
  isValid,
  nodesOf,
  type Program,
  programFlow,
  randomProgram,
  type Rng,
} from './program/index.ts'
import type { NetworkFaults } from './world/nats.ts'
import type { ServiceName } from './world/stack.ts'

/** All that a history is made of, besides the order of its steps. JSON, so that it can be shrunk. */
export interface Plan {
  /** Decides the order of steps and what each fault hits. */
  readonly seed: number
  readonly copies: Readonly<Record<ServiceName, number>>
  readonly starts: readonly Start[]
  readonly steers: readonly Steer[]
  readonly limits: Limits
  readonly faults: readonly Fault[]
  readonly network: NetworkFaults
  /** The start at whose acceptance the gateway dies; null: none. */
  readonly diesAfterStart: number | null
  /** How long network, Postgres and third party misbehave. */
  readonly unquietMs: number
  readonly lostAnswers: number
  readonly effects: {
    readonly refuse: number
    readonly loseAnswer: number
    readonly delayMaxMs: number
  }
  readonly slow: { readonly chance: number; readonly maxMs: number }
  /** Services whose machine has a wrong clock, and by how many ms. */
  readonly skews: Readonly<Partial<Record<ServiceName, number>>>
}

export interface Start {
  readonly atMs: number
  readonly program: Program
  /** Seconds for which the client waits for the end; null: it does not. */
  readonly waitSeconds: number | null
  /** A run of the limited flow; what it starts is not limited. */
  readonly isGated: boolean
  readonly maxRuntimeSeconds: number | null
  /** In development mode, and somebody sits before its debugger; null: productive. */
  readonly debugging: Debugging | null
}

export interface Debugging {
  /** Stops before its first line. */
  readonly break: boolean
  /** Lines of the flow that runs all programs. */
  readonly breakpoints: readonly number[]
  /** After so many it is let go on without any. */
  readonly stops: number
  /** By leaving development mode, and not by taking its breakpoints away. */
  readonly endsProductive: boolean
}

/** What the limited flow allows; `key`: by the number of the start. */
export interface Limits {
  readonly concurrency: { readonly limit: number; readonly key?: string } | null
  readonly rate: { readonly limit: number; readonly per_seconds: number } | null
}

export type SteerAction = 'cancel' | 'pause' | 'resume' | 'revert'
export interface Steer {
  readonly atMs: number
  /** Which start. */
  readonly start: number
  readonly action: SteerAction
  /** `revert`: to the savepoint that lies so far in its history, 0 to 1. */
  readonly to?: number
  /** Pause and resume: all below it, too. */
  readonly tree: boolean
  /** In one request for many: pause and resume of all starts that were accepted until then. */
  readonly many?: boolean
}

export type Fault =
  | {
      readonly kind: 'kill'
      readonly atStep: number
      readonly service: ServiceName
      readonly copy: number
      readonly forMs: number
    }
  | {
      readonly kind: 'freeze'
      readonly atStep: number
      readonly service: ServiceName
      readonly copy: number
      readonly forMs: number
    }
  | { readonly kind: 'wipe' | 'restart'; readonly atStep: number; readonly forMs: number }

export const LOCKS = ['lock-a', 'lock-b', 'lock-c'] as const
const EFFECT_URL = 'http://effects.test/do'

/** A random plan: few executions, few faults, so that many fit into the time. */
export const createPlan = (seed: number): Plan =>
  withManyAtOnce(withDebuggers(withReverts(createForwardPlan(seed))))

function createForwardPlan(seed: number): Plan {
  const rng = createRng(seed)
  const isCrowd = rng.next() < 0.2
  // Chance of its own: a seed of before goes on to be the same in all other parts.
  const limiting = createRng(seed + 1_000_003)
  const isLimited = limiting.next() < 0.35
  const starts = Array.from({ length: isCrowd ? 3 + rng.int(4) : 1 + rng.int(4) }, (): Start => ({
    atMs: rng.next() < 0.7 ? 0 : rng.int(isCrowd ? 300 : 1_500),
    program: isCrowd ? crowdProgram(rng) : anyProgram(rng),
    waitSeconds: rng.next() < 0.5 ? null : 5,
    isGated: isLimited && limiting.next() < 0.8,
    maxRuntimeSeconds: limiting.next() < 0.1 ? 1 + limiting.int(3) : null,
    debugging: null,
  }))
  const faulty = rng.next() < 0.85
  const isLossy = faulty && rng.next() < 0.5
  const some = (chance: number, max: number): number => (rng.next() < chance ? rng.next() * max : 0)
  return {
    seed,
    copies: {
      gateway: 1,
      scheduler: rng.next() < 0.3 ? 2 : 1,
      'lock-manager': rng.next() < 0.3 ? 2 : 1,
      engine: rng.next() < 0.5 ? 2 : 1,
      connector: rng.next() < 0.2 ? 2 : 1,
    },
    starts,
    limits: isLimited ? limitsOf(limiting) : { concurrency: null, rate: null },
    steers: rng.next() < 0.3 ? steersOf(rng, starts.length, limiting) : [],
    faults: faulty ? Array.from({ length: rng.int(4) }, () => createFault(rng)) : [],
    network: {
      drop: isLossy ? some(0.6, 0.2) : 0,
      delay: isLossy ? some(0.7, 0.4) : 0,
      duplicate: isLossy ? some(0.7, 0.3) : 0,
      delayMaxMs: isLossy ? rng.pick([20, 200, 3_000]) : 0,
    },
    diesAfterStart: faulty && rng.next() < 0.3 ? acceptedAtOnce(rng, starts) : null,
    unquietMs: rng.pick([500, 2_000, 6_000]),
    lostAnswers: faulty ? some(0.3, 0.05) : 0,
    effects: {
      refuse: faulty ? some(0.3, 0.3) : 0,
      loseAnswer: faulty ? some(0.3, 0.3) : 0,
      delayMaxMs: rng.pick([0, 10, 300]),
    },
    slow: { chance: rng.pick([0, 0.1, 0.5]), maxMs: rng.pick([5, 60, 200]) },
    skews: faulty && rng.next() < 0.3 ? skewsOf(rng) : {},
  }
}

const anyProgram = (rng: Rng): Program =>
  randomProgram(rng, {
    features: featuresOf(rng),
    maxNodes: 3 + rng.int(8),
    locks: [...LOCKS],
    effectUrl: EFFECT_URL,
    sleepMaxMs: 400,
  })

/** Most of a crowd queue for one lock and hold it for a while; the others do things about it. */
function crowdProgram(rng: Rng): Program {
  const [lock] = LOCKS
  const chance = rng.next()
  if (chance < 0.2)
    return randomProgram(rng, { features: CROWD, maxNodes: 3 + rng.int(8), locks: [lock] })
  const late = { kind: 'sleep', id: 1, ms: rng.int(200) } as const
  const rest = { kind: 'sleep', id: 3, ms: 20 + rng.int(200) } as const
  // The rest keeps it from ending at once: who ends asks for nothing any more.
  if (chance < 0.4) return { body: [late, { kind: 'release', id: 2, lock }, rest] }
  return { body: [late, { kind: 'lock', id: 2, lock, timeoutMs: null, ring: false, body: [rest] }] }
}

const CROWD: ReadonlySet<Feature> = new Set([
  'locks',
  'lock-timeouts',
  'stray-releases',
  'timers',
  'children',
  'detached',
])

function featuresOf(rng: Rng): ReadonlySet<Feature> {
  // Half of the programs have a few features only, so that those meet more often.
  if (rng.next() < 0.5) return ALL_FEATURES
  return new Set([...ALL_FEATURES].filter((feature) => feature === 'steps' || rng.next() < 0.4))
}

function limitsOf(rng: Rng): Limits {
  const limit = 1 + rng.int(2)
  const chance = rng.next()
  const keyed = rng.next() < 0.3 ? { key: '/shard' } : {}
  return {
    concurrency: chance < 0.7 ? { limit, ...keyed } : null,
    rate: chance > 0.5 ? { limit: 1 + rng.int(2), per_seconds: 1 } : null,
  }
}

function steersOf(rng: Rng, starts: number, limiting: Rng): Steer[] {
  const steers: Steer[] = []
  for (let n = 1 + rng.int(2); n > 0; n -= 1) {
    const atMs = rng.int(1_500)
    const start = rng.int(starts)
    const action = rng.pick(['cancel', 'pause', 'pause'] as const)
    const tree = action === 'pause' && limiting.next() < 0.5
    steers.push({ atMs, start, action, tree })
    // Nobody else would ever do it.
    if (action === 'pause')
      steers.push({ atMs: atMs + rng.int(1_500), start, action: 'resume', tree: true })
  }
  return steers.toSorted((a, b) => a.atMs - b.atMs)
}

/** Executions that go back, and executions that are taken back: by a chance of its own. */
function withReverts(plan: Plan): Plan {
  const rng = createRng(plan.seed * 31 + 17)
  const starts = plan.starts.map((start) =>
    rng.next() < 0.25 ? { ...start, program: withBack(rng, start.program) } : start,
  )
  const steers = [...plan.steers]
  if (rng.next() < 0.3) {
    const start = rng.int(starts.length)
    const nodes = [...nodesOf(starts[start]?.program.body ?? [])]
    // What a former life has created only, nobody would ever run; one that goes back by itself counts how
    // often it was taken back as well; and a cancel has reached children that it then waits for again.
    const isFit =
      !steers.some((steer) => steer.start === start && steer.action === 'cancel') &&
      nodes.every(
        (node) => node.kind !== 'back' && !(node.kind === 'child' && node.mode === 'parked'),
      )
    for (let n = isFit ? 1 + rng.int(2) : 0; n > 0; n -= 1)
      steers.push({ atMs: rng.int(2_000), start, action: 'revert', tree: false, to: rng.next() })
  }
  return { ...plan, starts, steers: steers.toSorted((a, b) => a.atMs - b.atMs) }
}

const LINES = programFlow.split('\n').length

/** Some are in development mode: by a chance of its own, too. */
function withDebuggers(plan: Plan): Plan {
  const rng = createRng(plan.seed * 53 + 29)
  const starts = plan.starts.map((start): Start =>
    rng.next() < 0.12
      ? {
          ...start,
          debugging: {
            break: rng.next() < 0.5,
            // Most lines are no statements or not come by: some of a handful are.
            breakpoints: Array.from({ length: 1 + rng.int(5) }, () => 1 + rng.int(LINES)),
            stops: 1 + rng.int(6),
            endsProductive: rng.next() < 0.5,
          },
        }
      : start,
  )
  return { ...plan, starts }
}

/** Some of what is steered is steered with others, in one request. */
function withManyAtOnce(plan: Plan): Plan {
  const rng = createRng(plan.seed * 71 + 5)
  // A pause and its resume are asked for in the same way.
  const many = plan.starts.map(() => rng.next() < 0.3)
  const steers = plan.steers.map((steer) =>
    steer.action !== 'revert' && many[steer.start] === true ? { ...steer, many: true } : steer,
  )
  return { ...plan, steers }
}

/** The program with a part of it done more than once. */
function withBack(rng: Rng, program: Program): Program {
  const { body } = program
  const from = rng.int(body.length)
  const to = from + 1 + rng.int(body.length - from)
  const id = 1 + Math.max(0, ...[...nodesOf(body)].map((node) => node.id))
  const back = { kind: 'back', id, times: 1 + rng.int(2), body: body.slice(from, to) } as const
  const changed = { ...program, body: [...body.slice(0, from), back, ...body.slice(to)] }
  return isValid(changed) && hasFewOutcomes(changed) ? changed : program
}

/** One whose client is answered before it has ended. */
function acceptedAtOnce(rng: Rng, starts: readonly Start[]): number | null {
  const some = [...starts.keys()].filter((n) => starts[n]?.waitSeconds === null)
  return some.length === 0 ? null : rng.pick(some)
}

function skewsOf(rng: Rng): Plan['skews'] {
  const service = rng.pick(['scheduler', 'scheduler', 'engine', 'lock-manager', 'gateway'] as const)
  return { [service]: rng.pick([-60_000, -700, 700, 60_000, 3_600_000]) }
}

function createFault(rng: Rng): Fault {
  // Early steps are the start of all services; most of what is worth hitting comes after them.
  const atStep = 100 + rng.int(500)
  const forMs = rng.pick([100, 1_000, 4_000, 14_000])
  const chance = rng.next()
  if (chance < 0.15)
    return { kind: rng.pick(['wipe', 'restart']), atStep, forMs: Math.min(forMs, 4_000) }
  const service = rng.pick([
    'engine',
    'engine',
    'scheduler',
    'lock-manager',
    'connector',
    'gateway',
  ] as const)
  const kind = chance < 0.75 ? 'kill' : 'freeze'
  return { kind, atStep, service, copy: 1, forMs: kind === 'kill' ? Math.min(forMs, 1_000) : forMs }
}
