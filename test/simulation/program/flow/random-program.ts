import type { ChildExecution, Execution, System } from '@millrace/flow-api'
import type { Body, LockNode, Node, Program } from '../program.ts'

/**
 * Runs a random program. Its output tells everything that happened, in an order that the program
 * alone decides; only `sections` holds what no reference can know: tokens and times of locks.
 */
interface Inputs {
  readonly program: Program
  /** Tells the effects of one run from those of another. */
  readonly run: string
  readonly path?: string
}

interface Section {
  readonly lock: string
  readonly token: number
  /** Null: by an engine whose clock is ahead, so that it says nothing. */
  readonly entered: number | null
  left: number | null
  /** What is wrong with it: somebody else was inside. */
  trouble?: string
}

type Facts = Record<string, unknown>

interface World {
  readonly system: System
  readonly self: Execution
  readonly inputs: Inputs
  readonly sections: Section[]
  over: boolean
}

/** What the bodies around a node have done before it, outermost first. */
type Done = readonly (readonly unknown[])[]
interface Place {
  readonly path: string
  readonly done: Done
}

const CHILD_TIMEOUT_S = 0.15

class Failure extends Error {
  readonly facts: Facts
  constructor(facts: Facts) {
    super(JSON.stringify(facts).slice(0, 500))
    this.name = 'Failure'
    this.facts = facts
  }
}

export default async function handler(
  system: System,
  self: Execution,
  inputs: Inputs,
): Promise<unknown> {
  const world: World = { system, self, inputs, sections: [], over: false }
  try {
    const trace = await runBody(world, inputs.program.body, { path: inputs.path ?? '', done: [] })
    return { trace, sections: world.sections }
  } catch (error) {
    if (world.over) throw error
    self.setOutput({ failed: factsOf(error), sections: world.sections })
    throw error
  }
}

async function runBody(world: World, body: Body, { path, done }: Place): Promise<unknown[]> {
  const trace: unknown[] = []
  for (const node of body) {
    const place = { path: `${path}/${node.id}`, done: [...done, [...trace]] }
    trace.push(await runNode(world, node, place))
  }
  return trace
}

async function runNode(world: World, node: Node, place: Place): Promise<unknown> {
  const { self, inputs } = world
  const { path, done } = place
  switch (node.kind) {
    case 'step': {
      const count = done.at(-1)?.length ?? 0
      try {
        return await self.step(path, STEPS[node.how](node.id, count))
      } catch (error) {
        if (world.over) throw error
        throw new Failure({ at: path, name: nameOf(error), done })
      }
    }
    case 'chance': {
      // Drawn outside of a step, used in its name: a replay that draws another stops with a difference.
      const before = `${path} ${Math.random()} ${Date.now()}`
      await self.sleep(0)
      await self.step(`${before} ${Math.random()} ${Date.now()}`, () => null)
      return 'chance'
    }
    case 'log':
      self.log(inputs.run + path)
      return 'log'
    case 'sleep':
      await self.sleep(node.ms / 1000)
      return 'slept'
    case 'large': {
      const text: string =
        node.through === 'step'
          ? await self.step(path, () => fill(node.id).repeat(node.bytes))
          : (await self.script(LARGE, { fill: fill(node.id), bytes: node.bytes })).output
      return [text.length, text.slice(-1)]
    }
    case 'effect':
      return runEffect(world, path)
    case 'message':
      return ask(world, node, path)
    case 'release':
      await world.system.setting(node.lock).release()
      return 'not held'
    case 'throw':
      throw new Failure({ at: path, name: 'Thrown', done })
    case 'end':
      self.setOutput({ ended: node.how, at: path, done, sections: world.sections })
      world.over = true
      return self[node.how](`${node.how} at ${path}`)
    case 'child':
      return runChild(world, node, place)
    case 'cancel':
      return runCancel(world, node, place)
    case 'gather':
      return gather(world, node, place)
    case 'all':
      return node.mode === 'fast' ? runFast(world, node, place) : runSettled(world, node, place)
    case 'race':
      return race(world, node, place)
    case 'try':
      try {
        return { tried: await runBody(world, node.body, place) }
      } catch (error) {
        if (world.over) throw error
        return { caught: factsOf(error) }
      }
    case 'repeat': {
      const rounds: unknown[] = []
      for (let n = 0; n < node.times; n += 1) {
        rounds.push(
          await runBody(world, node.body, { path: `${path}.${n}`, done: [...done, [...rounds]] }),
        )
      }
      return rounds
    }
    case 'back':
      return runBack(world, node, place)
    case 'lock':
      return runLocked(world, node, place)
  }
}

async function runCancel(
  world: World,
  node: Extract<Node, { kind: 'cancel' }>,
  place: Place,
): Promise<unknown> {
  const child = await start(world, node.body, place.path)
  if (node.afterMs > 0) await world.self.sleep(node.afterMs / 1000)
  await child.cancel().catch(() => undefined)
  await waited(world, place, child.wait({ returnWhen: 'ALL_ENDED' }))
  return child.status === 'ENDED_CANCELLED' ? ['cancelled'] : endOf(world, child)
}

async function runBack(
  world: World,
  node: Extract<Node, { kind: 'back' }>,
  place: Place,
): Promise<unknown> {
  const times = await world.self.savepoint(place.path)
  const made = await runBody(world, node.body, place)
  if (times < node.times) {
    world.over = true
    world.self.revert(place.path)
  }
  return { back: node.times, made }
}

const fill = (id: number): string => 'abcdefghij'[id % 10] ?? 'a'
const LARGE = 'export default (system, self, inputs) => inputs.fill.repeat(inputs.bytes)'

const STEPS = {
  value: (id: number, count: number) => () => [id, count],
  async: (id: number, count: number) => async () => {
    await Promise.resolve()
    return [id, count, 'async']
  },
  fails: (id: number) => (): never => {
    throw new RangeError(`step ${id}`)
  },
} as const

async function runEffect({ self, inputs }: World, path: string): Promise<unknown> {
  const url = inputs.program.effectUrl
  if (url === undefined) return 'no effect'
  try {
    await self.connect({
      connector_type: 'REST',
      url,
      idempotency_key_header: 'Idempotency-Key',
      mode: {
        mode_name: 'post',
        body: { body_type: 'json', json: { effect: inputs.run + path, execution: self.id } },
      },
    })
    return 'effect'
  } catch (error) {
    if (nameOf(error) !== 'ConnectionError') throw error
    return 'effect unknown'
  }
}

async function ask(
  { self }: World,
  { timeoutMs }: Extract<Node, { kind: 'message' }>,
  path: string,
): Promise<unknown> {
  const timeout = timeoutMs === null ? null : timeoutMs / 1000
  try {
    const { response } = await self.message({ subject: `ask ${path}`, request: 'What?', timeout })
    return ['answered', response.string]
  } catch (error) {
    if (nameOf(error) === 'MessageResponseTimeoutError') return 'no answer'
    throw error
  }
}

function start(world: World, body: Body, path: string): Promise<ChildExecution> {
  return world.self.flow('random-program', inputsOf(world, body, path), { wait: false })
}

function inputsOf({ inputs }: World, body: Body, path: string): Record<string, unknown> {
  return { program: { ...inputs.program, body }, run: inputs.run, path }
}

async function runChild(
  world: World,
  node: Extract<Node, { kind: 'child' }>,
  place: Place,
): Promise<unknown> {
  const { self } = world
  const given = inputsOf(world, node.body, place.path)
  const flow = (options: object) => self.flow('random-program', given, options)
  switch (node.mode) {
    case 'wait':
      return endOf(world, await waited(world, place, flow({})))
    case 'ended':
      return endOf(world, await waited(world, place, flow({ wait: 'ALL_ENDED' })))
    case 'detached':
      await flow({ wait: false })
      return 'detached'
    case 'parked': {
      const child = await flow({ run: false })
      return endOf(world, await waited(world, place, child.run()))
    }
    case 'timeout':
      try {
        return endOf(world, await waited(world, place, flow({ timeout: CHILD_TIMEOUT_S })))
      } catch (error) {
        if (error instanceof Failure && error.facts['name'] === 'DependencyTimeoutError')
          return 'timed out'
        throw error
      }
  }
}

/** Tells why a wait for executions failed, in words that the reference knows. */
async function waited<T>(world: World, { path, done }: Place, wait: Promise<T>): Promise<T> {
  try {
    return await wait
  } catch (error) {
    if (world.over) throw error
    const failed = (error as { executions?: readonly ChildExecution[] }).executions ?? []
    const ends = failed.map((child) => endOf(world, child))
    throw new Failure({ at: path, name: nameOf(error), ends, done })
  }
}

/** How an execution ended. Its message is told where it is no stack. */
function endOf({ sections }: World, child: ChildExecution): unknown[] {
  const { sections: own = [], ...output } = (child.output ?? {}) as Facts
  sections.push(...(own as Section[]))
  return [child.status, output, child.status === 'ENDED_SUCCESS' ? child.message : null]
}

async function gather(
  world: World,
  node: Extract<Node, { kind: 'gather' }>,
  place: Place,
): Promise<unknown> {
  const { self } = world
  const all: ChildExecution[] = []
  for (const [n, body] of node.bodies.entries())
    all.push(await start(world, body, `${place.path}.${n}`))
  let first: unknown
  try {
    const ended = await self.waitFor(all, { returnWhen: node.until })
    first = ended.map((child) => [all.indexOf(child), child.status])
  } catch (error) {
    if (world.over) throw error
    if (nameOf(error) === 'DeadlockError')
      throw new Failure({ at: place.path, name: 'DeadlockError', ends: [], done: place.done })
    first = nameOf(error)
  }
  await waited(world, place, self.waitFor(all, { returnWhen: 'ALL_ENDED' }))
  return { first, ends: all.map((child) => endOf(world, child)) }
}

async function runSettled(
  world: World,
  node: Extract<Node, { kind: 'all' }>,
  place: Place,
): Promise<unknown> {
  const settled = await Promise.allSettled(branches(world, node, place))
  const ends = settled.map((one) =>
    one.status === 'fulfilled' ? { value: one.value } : { failed: factsOf(one.reason) },
  )
  if (ends.every((end) => 'value' in end)) return ends
  throw new Failure({ at: place.path, name: 'Joined', ends, done: place.done })
}

async function runFast(
  world: World,
  node: Extract<Node, { kind: 'all' }>,
  place: Place,
): Promise<unknown> {
  let failed = -1
  const marked = branches(world, node, place).map((branch, n) =>
    branch.catch((error: unknown) => {
      if (failed === -1) failed = n
      throw error
    }),
  )
  try {
    return { all: await Promise.all(marked) }
  } catch (error) {
    if (world.over) throw error
    const facts = { branch: failed, failed: factsOf(error) }
    throw new Failure({ at: place.path, name: 'Fast', ...facts, done: place.done })
  }
}

async function race(
  world: World,
  node: Extract<Node, { kind: 'race' }>,
  place: Place,
): Promise<unknown> {
  const { path, done } = place
  const won = await Promise.race(
    branches(world, node, place).map((branch, winner) =>
      branch.then(
        (value) => ({ winner, value }),
        (error: unknown) => ({ winner, error }),
      ),
    ),
  )
  if (world.over) throw (won as { error: unknown }).error
  // Named after its winner: a replay in which another one wins stops with a difference.
  await world.self.step(`${path} won by ${won.winner}`, () => won.winner)
  if (!('error' in won)) return won
  throw new Failure({
    at: path,
    name: 'Raced',
    winner: won.winner,
    failed: factsOf(won.error),
    done,
  })
}

function branches(
  world: World,
  { bodies }: { readonly bodies: readonly Body[] },
  { path, done }: Place,
): Promise<unknown[]>[] {
  return bodies.map((body, n) => runBody(world, body, { path: `${path}.${n}`, done }))
}

async function runLocked(world: World, node: LockNode, place: Place): Promise<unknown> {
  const { system, sections } = world
  const lock = system.setting(node.lock)
  let token: number
  const before = Date.now()
  try {
    const timeout = node.timeoutMs === null ? null : node.timeoutMs / 1000
    token = (await lock.acquire({ timeout })).token
  } catch (error) {
    const name = nameOf(error)
    if (name === 'LockTimeoutError' || name === 'DeadlockError') return { missed: name }
    throw error
  }
  // The time begins by the engine's clock and is moved on by answers, which carry Postgres's: one that
  // has not moved on by the answer is ahead.
  const entered = Date.now() > before ? Date.now() : null
  const section: Section = { lock: node.lock, token, entered, left: null }
  sections.push(section)
  const guard = system.setting(`guard of ${node.lock}`)
  const look = async (mayBeOlder: boolean): Promise<void> => {
    const seen = Number(await guard.get().catch(() => 0))
    if (seen === token || (mayBeOlder && seen < token)) return
    section.trouble ??= `token ${token} saw ${seen} inside`
  }
  await look(true)
  await guard.set(token)
  let failure: { error: unknown } | null = null
  let inside: unknown[] = []
  try {
    inside = await runBody(world, node.body, place)
  } catch (error) {
    if (world.over) throw error
    failure = { error }
  }
  await look(false)
  if (entered !== null) section.left = Date.now()
  await lock.release()
  if (failure !== null) throw failure.error
  return { locked: inside }
}

function factsOf(error: unknown): Facts {
  return error instanceof Failure ? error.facts : { name: nameOf(error), text: String(error) }
}

function nameOf(error: unknown): string {
  return error instanceof Error ? error.name : typeof error
}
