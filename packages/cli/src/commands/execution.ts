import type { Command } from 'commander'
import type { Context } from '../context.ts'
import { parseCount } from '../parse-option.ts'
import { renderExecution } from '../render/execution.ts'
import { renderLog } from '../render/event.ts'
import { renderTree } from '../render/tree.ts'
import { renderWhy } from '../render/why.ts'
import { addExecutionList } from './execution-list.ts'
import { addExecutionPast } from './execution-past.ts'
import { addExecutionRecord } from './execution-record.ts'
import { addExecutionSteering } from './execution-steer.ts'
import { addExecutionTail } from './execution-tail.ts'

/** Pages of logs are as large as the API gives them. */
const MOST_PER_PAGE = 1000

export function addExecutionCommands(program: Command, context: Context): void {
  const execution = program
    .command('execution')
    .alias('exec')
    .description('see and steer executions')
  addExecutionList(execution, context)
  addExecutionViews(execution, context)
  addExecutionTail(execution, context)
  addExecutionSteering(execution, context)
  addExecutionRecord(execution, context)
  addExecutionPast(execution, context)
}

function addExecutionViews(execution: Command, context: Context): void {
  const { deps } = context

  execution
    .command('get')
    .description('show one execution')
    .argument('<id>')
    .action(async (id: string) => {
      const found = await (await context.client()).executions.get(id)
      context.print(found, () => renderExecution(found, deps.now()))
    })

  execution
    .command('why')
    .description('say why an execution is not moving, until when, and what would free it')
    .argument('<id>')
    .option('--chain', 'follow what it waits for to its root')
    .action(async (id: string, options: { chain?: boolean }) => {
      const why = await (
        await context.client()
      ).executions.why(id, { chain: options.chain === true })
      context.print(why, () => renderWhy(id, why, deps.now()))
    })

  execution
    .command('log')
    .description('print what an execution has logged')
    .argument('<id>')
    .option('-n, --limit <count>', 'no more than this many lines', parseCount)
    .action(async (id: string, options: { limit?: number }) => {
      const { executions } = await context.client()
      const limit = options.limit ?? MOST_PER_PAGE
      if (context.format === 'json' || options.limit !== undefined) {
        const page = await executions.log(id, { limit })
        return context.print(page, () => page.items.map(renderLog).join('\n'))
      }
      deps.io.onlyPrints()
      for await (const entry of executions.iterateLog(id, { limit })) deps.io.out(renderLog(entry))
    })

  execution
    .command('tree')
    .description('show an execution with its children, and theirs')
    .argument('<id>')
    .action(async (id: string) => {
      const tree = await (await context.client()).executions.tree(id)
      context.print(tree, () => renderTree(tree))
    })
}
