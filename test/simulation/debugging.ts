import type { Client } from './client.ts'
import type { Debugging } from './plan.ts'
import type { World } from './world/world.ts'

/** Into a child would stop that one, too, and nobody sits before its debugger. */
const STEPS = ['continue', 'continue', 'step_over', 'step_out'] as const

interface View {
  readonly stop: { readonly seq: number } | null
}

/**
 * Somebody before the debugger of an execution, who lets it go on from each stop, twice at once, as people
 * do who press a key again. After some stops he has seen enough: without breakpoints it goes on to its end.
 * He stays for ever, since what has ended may be taken back.
 */
export async function leaveStops(
  world: World,
  client: Client,
  { id, debugging }: { readonly id: string; readonly debugging: Debugging },
): Promise<void> {
  const params = { id }
  for (let left = debugging.stops; ;) {
    await world.sleep(20 + world.rng.int(300))
    const { body } = await client.ask('readDebug', { params })
    const { stop } = body as View
    if (stop === null) continue
    left -= 1
    const { seq } = stop
    const goOn = { action: 'continue', seq, breakpoints: [] }
    const asks: readonly { route: string; body?: object }[] =
      left > 0
        ? [1, 2].map(() => ({
            route: 'debugExecution',
            body: { action: world.rng.pick(STEPS), seq },
          }))
        : [
            debugging.endsProductive
              ? { route: 'makeProductive' }
              : { route: 'debugExecution', body: goOn },
          ]
    await Promise.all(
      asks.map(({ route, ...request }) =>
        client
          .ask(route, { params, ...request })
          .catch((error: unknown) =>
            world.note(`- debugger: refused: ${(error as Error).message}`),
          ),
      ),
    )
  }
}
