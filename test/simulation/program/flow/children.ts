import type { ChildExecution } from '@millrace/flow-api'
import type { Body, Node } from '../program.ts'
import {
  CHILD_TIMEOUT_S,
  Failure,
  type Facts,
  factsOf,
  nameOf,
  type Place,
  type Section,
  type World,
} from './world.ts'

/** Nodes that start others and wait for them. */

export function start(world: World, body: Body, path: string): Promise<ChildExecution> {
  return world.self.flow('random-program', inputsOf(world, body, path), { wait: false })
}

function inputsOf({ inputs }: World, body: Body, path: string): Record<string, unknown> {
  return { program: { ...inputs.program, body }, run: inputs.run, path }
}

export async function runChild(
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
export async function waited<T>(world: World, { path, done }: Place, wait: Promise<T>): Promise<T> {
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
export function endOf({ sections }: World, child: ChildExecution): unknown[] {
  const { sections: own = [], ...output } = (child.output ?? {}) as Facts
  sections.push(...(own as Section[]))
  return [child.status, output, child.status === 'ENDED_SUCCESS' ? child.message : null]
}

export async function gather(
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

export async function runSettled(
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

export async function runFast(
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

export async function race(
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
  return bodies.map((body, n) => world.runBody(world, body, { path: `${path}.${n}`, done }))
}
