// Loaded by an engine when somebody asks first; here before, since loading takes real time.
import '../../services/engine/src/run/answer-messages.ts'
import type { Client } from './client.ts'
import { nodesOf, type Program } from './program/program.ts'
import type { World } from './world/world.ts'

const OPEN = JSON.stringify({ field: 'status', op: 'eq', value: 'OPEN' })

/**
 * People who look at what is asked now and then and answer all of it, each message twice at once: one
 * of them is told that he was too late. Goes on for ever.
 */
export async function answerMessages(world: World, client: Client): Promise<void> {
  for (;;) {
    await world.sleep(100 + world.rng.int(600))
    const listed = await client.ask('listMessages', { query: { filter: OPEN, limit: 100 } })
    const { items } = JSON.parse(listed.body as string) as {
      items: { id: string; subject: string }[]
    }
    await Promise.all(
      items.flatMap(({ id, subject }) =>
        [1, 2].map(() =>
          client
            .ask('replyToMessage', { params: { id }, body: { response: { string: subject } } })
            .catch((error: unknown) =>
              world.note(`- people: refused: ${(error as Error).message}`),
            ),
        ),
      ),
    )
  }
}

/** Whether it needs somebody to answer. */
export const asks = ({ body }: Program): boolean =>
  [...nodesOf(body)].some(({ kind }) => kind === 'message')
