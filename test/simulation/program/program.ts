/**
 * A random program: what one execution of the flow `random-program` does. JSON, because it is the
 * flow's input; `maxNodes` keeps it small, so that a failure can be read.
 */
export interface Program {
  readonly body: readonly Node[]
  /** Where effects go: a POST with the effect's name in its body, and an idempotency key. */
  readonly effectUrl?: string
}

/** `id` is unique within the program; with those of its parents it makes the node's path. */
export type Node =
  | { readonly kind: 'step'; readonly id: number; readonly how: StepHow }
  | { readonly kind: 'chance'; readonly id: number }
  | { readonly kind: 'log'; readonly id: number }
  | { readonly kind: 'sleep'; readonly id: number; readonly ms: number }
  | { readonly kind: 'large'; readonly id: number; readonly bytes: number; readonly through: Way }
  | { readonly kind: 'effect'; readonly id: number }
  | { readonly kind: 'throw'; readonly id: number }
  /** Asks people, who answer what was asked, sooner or later. */
  | { readonly kind: 'message'; readonly id: number; readonly timeoutMs: number | null }
  /** Gives back a lock that this execution does not hold: nothing comes of it. */
  | { readonly kind: 'release'; readonly id: number; readonly lock: string }
  | { readonly kind: 'end'; readonly id: number; readonly how: EndHow }
  | Composite

/** Nodes with bodies of their own. */
export type Composite =
  | { readonly kind: 'child'; readonly id: number; readonly mode: ChildMode; readonly body: Body }
  | { readonly kind: 'cancel'; readonly id: number; readonly afterMs: number; readonly body: Body }
  | {
      readonly kind: 'gather'
      readonly id: number
      readonly until: Until
      readonly bodies: readonly Body[]
    }
  | {
      readonly kind: 'all'
      readonly id: number
      readonly mode: AllMode
      readonly bodies: readonly Body[]
    }
  | { readonly kind: 'race'; readonly id: number; readonly bodies: readonly Body[] }
  | { readonly kind: 'try'; readonly id: number; readonly body: Body }
  | { readonly kind: 'repeat'; readonly id: number; readonly times: number; readonly body: Body }
  /** Goes back to before its body so often, once that has been done. */
  | { readonly kind: 'back'; readonly id: number; readonly times: number; readonly body: Body }
  | LockNode

/**
 * `ring`: taken in any order, so that a deadlock may come of it. Such locks have names of their own,
 * and none of the others is taken inside of one.
 */
export interface LockNode {
  readonly kind: 'lock'
  readonly id: number
  readonly lock: string
  readonly timeoutMs: number | null
  readonly ring: boolean
  readonly body: Body
}

export type Body = readonly Node[]

export type StepHow = 'value' | 'async' | 'fails'
/** A large value as the result of a step, or as the output of a child. */
export type Way = 'step' | 'script'
export type EndHow = 'success' | 'error' | 'cancel'
/**
 * wait: until it has succeeded. ended: until it has ended. detached: not at all. parked: created
 * without being run, then run. timeout: at most for some time; then it goes on by itself.
 */
export type ChildMode = 'wait' | 'ended' | 'detached' | 'parked' | 'timeout'
/** settled: waits for all branches, then fails if one did. fast: fails with the first that does. */
export type AllMode = 'settled' | 'fast'
export type Until =
  | 'ALL_ENDED'
  | 'ALL_SUCCEEDED'
  | 'FIRST_ENDED'
  | 'FIRST_SUCCEEDED'
  | { readonly ended: number }
  | { readonly succeeded: number }

/** How long a child in mode `timeout` is waited for. */
export const CHILD_TIMEOUT_MS = 150

export const FEATURES = [
  'steps',
  'chance',
  'logs',
  'timers',
  'large',
  'effects',
  'errors',
  'ends',
  'children',
  'detached',
  'parked',
  'child-timeouts',
  'cancels',
  'gather',
  'concurrent',
  'races',
  'repeat',
  'locks',
  'nested-locks',
  'lock-timeouts',
  'rings',
  'stray-releases',
  'messages',
] as const
export type Feature = (typeof FEATURES)[number]

export const ALL_FEATURES: ReadonlySet<Feature> = new Set(FEATURES)

/** Those that need nobody to answer. */
export const UNATTENDED: ReadonlySet<Feature> = new Set(
  FEATURES.filter((feature) => feature !== 'messages'),
)

/** The bodies of a node, none for those that have none. */
export function bodiesOf(node: Node): readonly Body[] {
  if ('bodies' in node) return node.bodies
  return 'body' in node ? [node.body] : []
}

/** The nodes of a body and of everything inside of it. */
export function* nodesOf(body: Body): Iterable<Node> {
  for (const node of body) {
    yield node
    for (const inner of bodiesOf(node)) yield* nodesOf(inner)
  }
}

/** Whether the bodies of this node run as executions of their own. */
export const isApart = (node: Node): boolean =>
  node.kind === 'child' || node.kind === 'cancel' || node.kind === 'gather'
