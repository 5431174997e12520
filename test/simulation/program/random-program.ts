import { TooManyOutcomes } from './expectation.ts'
import { expectOutcome } from './expect-outcome.ts'
import { type Allowed, allowedInside, EVERYTHING, hasLocks, isValid } from './is-valid.ts'
import type { Body, Feature, LockNode, Node, Program, Until } from './program.ts'
import type { Rng } from './rng.ts'

export interface RandomOptions {
  readonly features: ReadonlySet<Feature>
  /** From 1 on; default 12. */
  readonly maxNodes?: number
  /** Names that programs of one run share, so that they meet. See `settingsFor`. */
  readonly locks: readonly string[]
  readonly effectUrl?: string
  /** The longest sleep; default 200. */
  readonly sleepMaxMs?: number
}

/** The settings that must exist before programs with these locks run. */
export const settingsFor = (locks: readonly string[]): string[] =>
  locks.flatMap((name) => [name, `ring-${name}`])

/** A program that is valid and whose ways to end can be listed. */
export function randomProgram(rng: Rng, options: RandomOptions): Program {
  const maxNodes = options.maxNodes ?? 12
  for (let tries = 0; ; tries += 1) {
    // Programs that leave too much to chance are few; smaller ones leave less.
    const budget = Math.max(1, Math.ceil((1 + rng.int(maxNodes)) / (1 + Math.floor(tries / 4))))
    const program = createProgram(rng, options, budget)
    if (isValid(program) && hasFewOutcomes(program)) return program
  }
}

export const OUTCOMES_MAX = 200

/** Whether its ways to end can be listed. */
export function hasFewOutcomes(program: Program): boolean {
  try {
    return expectOutcome(program, { effects: 'may-fail' }).outcomes.length <= OUTCOMES_MAX
  } catch (error) {
    if (error instanceof TooManyOutcomes) return false
    throw error
  }
}

function createProgram(rng: Rng, options: RandomOptions, budget: number): Program {
  const { effectUrl } = options
  const maker: Maker = { rng, options, left: budget, nextId: 1 }
  const body = createBody(maker, { allowed: EVERYTHING, depth: 0, atMost: budget })
  return effectUrl === undefined ? { body } : { body, effectUrl }
}

interface Maker {
  readonly rng: Rng
  readonly options: RandomOptions
  left: number
  nextId: number
}

interface Site {
  readonly allowed: Allowed
  readonly depth: number
  readonly atMost: number
}

const DEPTH_MAX = 5

function createBody(maker: Maker, site: Site): Body {
  const nodes: Node[] = []
  // The outermost body takes what is left.
  const length = site.depth === 0 ? site.atMost : 1 + maker.rng.int(site.atMost)
  for (let n = 0; n < length && maker.left > 0; n += 1) {
    const node = createNode(maker, site)
    nodes.push(node)
    // Nothing runs after it.
    if (node.kind === 'end' || node.kind === 'throw') break
  }
  return nodes
}

type Make = (maker: Maker, site: Site, id: number) => Node

function createNode(maker: Maker, site: Site): Node {
  const { rng, options } = maker
  maker.left -= 1
  const id = maker.nextId
  maker.nextId += 1
  const choices = CHOICES.filter(
    ({ feature, inner, fits }) =>
      options.features.has(feature) &&
      (inner === 0 || (site.depth < DEPTH_MAX && maker.left >= inner)) &&
      fits(site, options),
  )
  const weights = choices.reduce((sum, { weight }) => sum + weight, 0)
  let at = rng.next() * weights
  for (const choice of choices) {
    at -= choice.weight
    if (at < 0) return choice.make(maker, site, id)
  }
  return step(maker, site, id)
}

interface Choice {
  readonly feature: Feature
  readonly weight: number
  /** The least nodes that its bodies need. */
  readonly inner: number
  readonly fits: (site: Site, options: RandomOptions) => boolean
  readonly make: Make
}

const always = (): boolean => true
const step: Make = ({ rng, options }, _, id) => ({
  kind: 'step',
  id,
  how: rng.pick(
    options.features.has('errors') ? ['value', 'value', 'async', 'fails'] : ['value', 'async'],
  ),
})

function innerBody(maker: Maker, site: Site, node: Node): Body {
  const atMost = Math.max(1, Math.min(4, maker.left))
  return createBody(maker, {
    allowed: allowedInside(node, site.allowed),
    depth: site.depth + 1,
    atMost,
  })
}

type WithBody = Extract<Node, { readonly body: Body }>
type WithBodies = Extract<Node, { readonly bodies: readonly Body[] }>

const filled = (maker: Maker, site: Site, node: WithBody): Node => ({
  ...node,
  body: innerBody(maker, site, node),
})

function branched(maker: Maker, site: Site, node: WithBodies): WithBodies {
  const count = 2 + (maker.left > 2 ? maker.rng.int(2) : 0)
  const bodies: Body[] = []
  let mayLock = true
  for (let n = 0; n < count; n += 1) {
    const allowed = mayLock ? site.allowed : { ...site.allowed, locksAfter: null, rings: false }
    // Each of those to come has a node held back for it.
    const heldBack = count - 1 - n
    maker.left -= heldBack
    const body = innerBody(maker, { ...site, allowed }, node)
    maker.left += heldBack
    // Of branches of one execution only one has to do with locks: see `isValid`.
    if (node.kind === 'all' && hasLocks(body)) mayLock = false
    bodies.push(body)
  }
  return { ...node, bodies }
}

const child =
  (...modes: Extract<Node, { kind: 'child' }>['mode'][]): Make =>
  (maker, site, id) =>
    filled(maker, site, { kind: 'child', id, mode: maker.rng.pick(modes), body: [] })

const lockOf =
  (timeouts: boolean): Make =>
  (maker, site, id) => {
    const { rng, options } = maker
    const free = options.locks.filter((name) => name > (site.allowed.locksAfter ?? ''))
    const timeoutMs = timeouts ? rng.pick([0, 20, 100, 400]) : null
    const nested = options.features.has('nested-locks')
    const node: LockNode = {
      kind: 'lock',
      id,
      lock: rng.pick(free),
      timeoutMs,
      ring: false,
      body: [],
    }
    if (nested) return filled(maker, site, node)
    return filled(
      maker,
      { ...site, allowed: { ...site.allowed, rings: false } },
      { ...node, lock: options.locks.toSorted().at(-1) ?? '' },
    )
  }

const canLock = ({ allowed }: Site, { locks }: RandomOptions): boolean =>
  !allowed.inRing &&
  allowed.locksAfter !== null &&
  locks.some((name) => name > (allowed.locksAfter ?? ''))

const CHOICES: readonly Choice[] = [
  { feature: 'steps', weight: 5, inner: 0, fits: always, make: step },
  {
    feature: 'chance',
    weight: 1,
    inner: 0,
    fits: always,
    make: (_, __, id) => ({ kind: 'chance', id }),
  },
  {
    feature: 'logs',
    weight: 2,
    inner: 0,
    fits: always,
    make: (_, __, id) => ({ kind: 'log', id }),
  },
  { feature: 'timers', weight: 3, inner: 0, fits: always, make: sleep },
  { feature: 'large', weight: 0.6, inner: 0, fits: always, make: large },
  {
    feature: 'effects',
    weight: 3,
    inner: 0,
    fits: (_, { effectUrl }) => effectUrl !== undefined,
    make: (_, __, id) => ({ kind: 'effect', id }),
  },
  {
    feature: 'errors',
    weight: 0.7,
    inner: 0,
    fits: always,
    make: (_, __, id) => ({ kind: 'throw', id }),
  },
  {
    feature: 'ends',
    weight: 0.5,
    inner: 0,
    fits: ({ allowed }) => allowed.ends,
    make: ({ rng }, _, id) => ({
      kind: 'end',
      id,
      how: rng.pick(['success', 'success', 'error', 'cancel']),
    }),
  },
  { feature: 'errors', weight: 2, inner: 1, fits: always, make: attempt },
  { feature: 'children', weight: 4, inner: 1, fits: always, make: child('wait', 'wait', 'ended') },
  { feature: 'detached', weight: 1.2, inner: 1, fits: always, make: child('detached') },
  {
    feature: 'parked',
    weight: 0.8,
    inner: 1,
    fits: ({ allowed }) => allowed.parked,
    make: child('parked'),
  },
  { feature: 'child-timeouts', weight: 0.8, inner: 1, fits: always, make: child('timeout') },
  { feature: 'cancels', weight: 1, inner: 1, fits: always, make: cancel },
  { feature: 'gather', weight: 2, inner: 2, fits: always, make: gather },
  { feature: 'concurrent', weight: 3, inner: 2, fits: always, make: all },
  { feature: 'races', weight: 2, inner: 2, fits: always, make: race },
  { feature: 'repeat', weight: 1, inner: 1, fits: always, make: repeat },
  { feature: 'locks', weight: 3, inner: 1, fits: canLock, make: lockOf(false) },
  { feature: 'lock-timeouts', weight: 1, inner: 1, fits: canLock, make: lockOf(true) },
  {
    feature: 'stray-releases',
    weight: 1,
    inner: 0,
    fits: (_, { locks }) => locks.length > 0,
    make: stray,
  },
  { feature: 'messages', weight: 2, inner: 0, fits: always, make: message },
  {
    feature: 'rings',
    weight: 2,
    inner: 1,
    fits: ({ allowed }, { locks }) => allowed.rings && locks.length > 0,
    make: ring,
  },
]

function sleep({ rng, options }: Maker, _: Site, id: number): Node {
  const most = options.sleepMaxMs ?? 200
  return { kind: 'sleep', id, ms: rng.pick([0, 1, Math.ceil(most / 10), rng.int(most + 1), most]) }
}

function large({ rng }: Maker, _: Site, id: number): Node {
  return {
    kind: 'large',
    id,
    bytes: rng.pick([1_000, 20_000, 102_400]),
    through: rng.pick(['step', 'script']),
  }
}

function message({ rng }: Maker, _: Site, id: number): Node {
  return { kind: 'message', id, timeoutMs: rng.pick([null, null, 20, 400]) }
}

function attempt(maker: Maker, site: Site, id: number): Node {
  return filled(maker, site, { kind: 'try', id, body: [] })
}

function cancel(maker: Maker, site: Site, id: number): Node {
  const afterMs = maker.rng.pick([0, 0, 10, 100])
  return filled(maker, site, { kind: 'cancel', id, afterMs, body: [] })
}

function repeat(maker: Maker, site: Site, id: number): Node {
  return filled(maker, site, { kind: 'repeat', id, times: 2 + maker.rng.int(2), body: [] })
}

function race(maker: Maker, site: Site, id: number): Node {
  return branched(maker, site, { kind: 'race', id, bodies: [] })
}

function all(maker: Maker, site: Site, id: number): Node {
  const mode = maker.rng.pick(['settled', 'settled', 'fast'] as const)
  return branched(maker, site, { kind: 'all', id, mode, bodies: [] })
}

function ring(maker: Maker, site: Site, id: number): Node {
  const lock = `ring-${maker.rng.pick(maker.options.locks)}`
  return filled(maker, site, { kind: 'lock', id, lock, timeoutMs: null, ring: true, body: [] })
}

function stray({ rng, options }: Maker, _: Site, id: number): Node {
  const lock = rng.pick(options.locks)
  return { kind: 'release', id, lock: rng.int(2) === 0 ? lock : `ring-${lock}` }
}

function gather(maker: Maker, site: Site, id: number): Node {
  const node = branched(maker, site, { kind: 'gather', id, until: 'ALL_ENDED', bodies: [] })
  const { rng } = maker
  const count = 1 + rng.int(node.bodies.length)
  const until = rng.pick<Until>([
    'ALL_ENDED',
    'ALL_SUCCEEDED',
    'FIRST_ENDED',
    'FIRST_SUCCEEDED',
    { ended: count },
    { succeeded: count },
  ])
  return { ...node, until } as Node
}
