import type { Client, Execution } from '@millrace/client'
import type { Command } from 'commander'
import type { Context } from '../context.ts'

export function addExecutionSteering(execution: Command, context: Context): void {
  const steer = async (
    ids: readonly string[],
    act: (client: Client, id: string) => Promise<Execution>,
  ) => {
    const client = await context.client()
    // One after the other: the first that is refused stops the rest, and what was done is on the screen.
    for (const id of ids) {
      const after = await act(client, id)
      context.print(after, () => `${after.id}  ${after.status}`)
    }
  }

  execution
    .command('cancel')
    .description('end executions, with all that they have started')
    .argument('<id...>')
    .option('-m, --message <text>', 'why')
    .action((ids: string[], options: { message?: string }) =>
      steer(ids, (client, id) =>
        client.executions.cancel(
          id,
          options.message === undefined ? {} : { message: options.message },
        ),
      ),
    )

  execution
    .command('pause')
    .description('keep executions from going on until resumed')
    .argument('<id...>')
    .action((ids: string[]) => steer(ids, (client, id) => client.executions.pause(id)))

  execution
    .command('resume')
    .description('let paused executions go on')
    .argument('<id...>')
    .action((ids: string[]) => steer(ids, (client, id) => client.executions.resume(id)))
}
