import type { Execution, System } from '@millrace/flow-api'
import type { Body, LockNode, Node } from '../program.ts'
import { endOf, gather, race, runChild, runFast, runSettled, start, waited } from './children.ts'
import {
  Failure,
  factsOf,
  type Inputs,
  nameOf,
  type Place,
  type Section,
  type World,
} from './world.ts'

/**
 * Runs a random program. Its output tells everything that happened, in an order that the program
 * alone decides; only `sections` holds what no reference can know: tokens and times of locks.
 */
export default async function handler(
  system: System,
  self: Execution,
  inputs: Inputs,
): Promise<unknown> {
  const world: World = { system, self, inputs, runBody, sections: [], over: false }
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
