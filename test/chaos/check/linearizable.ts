/** One operation on one object: when it was called, when its answer came, and what both said. */
export interface Operation<Input, Output> {
  readonly call: number
  /** Infinity when the answer is unknown: it may happen at any time after the call, or never. */
  readonly ret: number
  readonly input: Input
  /** Null when unknown. */
  readonly output: Output | null
}

/** What an object may do. */
export interface Model<State, Input, Output> {
  readonly initial: State
  /** The states that the operation may lead to when it takes effect here; none: it may not. */
  step(state: State, input: Input, output: Output | null): readonly State[]
  /** The same for states that are the same. */
  name(state: State): string
}

export type Verdict = 'yes' | 'no' | 'too much work'

/**
 * Whether the operations can be put in an order in which each takes effect between its call and its
 * answer, and the model allows all of it. After Wing and Gong, and Lowe: a search over the operations
 * that may come next, which never looks twice at the same set of done operations in the same state.
 * What may come next: whatever was called before the first return of all that is left.
 */
export function linearizable<State, Input, Output>(
  operations: readonly Operation<Input, Output>[],
  model: Model<State, Input, Output>,
  budget = 1_000_000,
): Verdict {
  const list = createEventList(operations)
  const visited = new Set<string>()
  const path: Step<State>[] = []
  let state = model.initial
  let open = candidates(list, operations, model, state)
  for (let work = 0; work < budget; work += 1) {
    if (list.onlyUnknownLeft()) return 'yes'
    const next = open.pop()
    if (next === undefined) {
      const back = path.pop()
      if (back === undefined) return 'no'
      list.putBack(back.operation)
      state = back.before
      open = back.open
      continue
    }
    list.take(next.operation)
    const place = `${list.taken()}|${model.name(next.state)}`
    if (visited.has(place)) {
      list.putBack(next.operation)
      continue
    }
    visited.add(place)
    path.push({ operation: next.operation, before: state, open })
    state = next.state
    open = candidates(list, operations, model, state)
  }
  return 'too much work'
}

interface Step<State> {
  readonly operation: number
  readonly before: State
  readonly open: { operation: number; state: State }[]
}

function candidates<State, Input, Output>(
  list: EventList,
  operations: readonly Operation<Input, Output>[],
  model: Model<State, Input, Output>,
  state: State,
): { operation: number; state: State }[] {
  return list.callable().flatMap((operation) => {
    const { input, output } = operations[operation] as Operation<Input, Output>
    return model.step(state, input, output).map((after) => ({ operation, state: after }))
  })
}

interface EventList {
  /** Operations that are called before the first return of those that are left. */
  callable(): number[]
  take(operation: number): void
  putBack(operation: number): void
  /** Which are taken, as text. */
  taken(): string
  onlyUnknownLeft(): boolean
}

function createEventList(operations: readonly Operation<unknown, unknown>[]): EventList {
  const order = operations.map((_, index) => index).toSorted((a, b) => callOf(a) - callOf(b))
  const places = new Map(order.map((operation, place) => [operation, place]))
  const taken = new Uint8Array(operations.length)
  let known = operations.filter(({ ret }) => ret !== Infinity).length
  // All before this place in the order of calls are taken.
  let from = 0
  function callOf(index: number): number {
    return operations[index]?.call ?? 0
  }
  function retOf(index: number): number {
    return operations[index]?.ret ?? Infinity
  }
  const set = (operation: number, value: 0 | 1): void => {
    taken[operation] = value
    if (retOf(operation) !== Infinity) known += value === 1 ? -1 : 1
    if (value === 0) from = Math.min(from, places.get(operation) ?? 0)
    while (from < order.length && taken[order[from] as number] === 1) from += 1
  }
  return {
    callable: () => {
      let firstReturn = Infinity
      const found: number[] = []
      for (let at = from; at < order.length; at += 1) {
        const index = order[at] as number
        if (taken[index] === 1) continue
        if (callOf(index) > firstReturn) break
        found.push(index)
        firstReturn = Math.min(firstReturn, retOf(index))
      }
      return found.toReversed()
    },
    take: (operation) => set(operation, 1),
    putBack: (operation) => set(operation, 0),
    // What is taken beyond `from` is little: the window of concurrent operations.
    taken: () => {
      const beyond: number[] = []
      for (let at = from; at < order.length; at += 1)
        if (taken[order[at] as number] === 1) beyond.push(at)
      return `${from}:${beyond.join(',')}`
    },
    onlyUnknownLeft: () => known === 0,
  }
}
