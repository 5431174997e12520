import type { Filter } from '@millrace/client'
import type { Command } from 'commander'
import { CliError } from '../cli-error.ts'
import type { Context } from '../context.ts'
import { readJson, readTextFile } from '../read-input.ts'

/** The record as a whole: out as YAML and in again, to the trash and back, away for ever. */
export function addExecutionRecord(execution: Command, context: Context): void {
  const { deps } = context

  execution
    .command('export')
    .description('print ended executions as YAML, for `millrace execution import`')
    .argument('[id...]', 'these, each with what has ended below it')
    .option('--filter <json>', 'instead: all that a list would have; JSON, @file or -')
    .option('--tree', 'with --filter: each with what has ended below it')
    .option('--no-tree', 'without what is below them')
    .action(async (ids: string[], options: { filter?: string; tree?: boolean }) => {
      const { executions } = await context.client()
      if (ids.length > 0 === (options.filter !== undefined))
        throw new CliError('give ids, or --filter')
      deps.io.onlyPrints()
      const tree = options.tree === undefined ? {} : { tree: options.tree }
      for (const id of ids) await printPieces(executions.export(id, tree))
      if (options.filter === undefined) return
      const filter = (await readJson(options.filter, deps)) as unknown as Filter
      await printPieces(executions.exportAll({ filter, tree: options.tree === true }))
    })

  execution
    .command('import')
    .description('store ended executions from YAML, each under a new id: all or none')
    .argument('<file>', 'or - for standard input')
    .option('--dry-run', 'check it and store nothing')
    .action(async (file: string, options: { dryRun?: boolean }) => {
      const yaml = await readTextFile(file, deps)
      const { executions } = await context.client()
      const result = await executions.import(yaml, { dryRun: options.dryRun === true })
      context.print(result, () =>
        [
          ...(result.ids ?? []),
          `${result.count} ${options.dryRun === true ? 'would be ' : ''}imported`,
        ].join('\n'),
      )
    })

  const each = (name: string, description: string, act: (id: string) => Promise<string>): void => {
    execution
      .command(name)
      .description(description)
      .argument('<id...>')
      .action(async (ids: string[]) => {
        // One after the other: the first that is refused stops the rest, and what was done is on the screen.
        for (const id of ids) deps.io.out(await act(id))
      })
  }
  each('trash', 'put ended executions into the trash', async (id) => {
    await (await context.client()).executions.trash(id)
    return `${id}  in the trash; millrace execution restore ${id} takes it out`
  })
  each('restore', 'take executions out of the trash', async (id) => {
    const after = await (await context.client()).executions.restore(id)
    return `${after.id}  ${after.status}`
  })
  each('purge', 'remove ended executions for ever, with all below them', async (id) => {
    await (await context.client()).executions.purge(id)
    return `${id}  removed`
  })

  /** Whole lines at a time: each call writes some, and pieces end anywhere. */
  async function printPieces(pieces: AsyncGenerator<string>): Promise<void> {
    let rest = ''
    for await (const piece of pieces) {
      rest += piece
      const end = rest.lastIndexOf('\n')
      if (end === -1) continue
      deps.io.out(rest.slice(0, end))
      rest = rest.slice(end + 1)
    }
    if (rest !== '') deps.io.out(rest)
  }
}
