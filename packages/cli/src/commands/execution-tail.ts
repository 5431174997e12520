import type { Command } from 'commander'
import type { Context } from '../context.ts'
import { exitCodeOfEnd } from '../exit-code.ts'
import { followExecution } from '../follow-execution.ts'
import { parseSeconds } from '../parse-option.ts'

export function addExecutionTail(execution: Command, context: Context): void {
  execution
    .command('tail')
    .description('show what an execution does until it ends, and exit by its end')
    .argument('<id>')
    .option('--timeout <time>', 'no longer than this: 90, 90s, 5m', parseSeconds)
    .action(async (id: string, options: { timeout?: number }) => {
      const client = await context.client()
      const { deps } = context
      deps.io.onlyPrints()
      await followExecution(client, id, {
        timeoutSeconds: options.timeout,
        ...(context.format === 'json' && { render: (event) => JSON.stringify(event) }),
        show: deps.io.out,
        signal: deps.interrupted,
      })
      const ended = await client.executions.get(id)
      deps.io.err(`${ended.status}${ended.message === null ? '' : `: ${ended.message}`}`)
      context.exitCode = exitCodeOfEnd(ended.status)
    })
}
