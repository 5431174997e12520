import type { Client } from '@millrace/client'
import type { Command } from 'commander'
import { CliError } from '../cli-error.ts'
import type { Context } from '../context.ts'
import { findFlowFiles, nameOfFlowFile } from '../flow-files.ts'
import { type Pushed, pushFlow, type Scripted, type ScriptRecords } from '../push-flow.ts'

/** `push`, for records whose script stands in a file: flows, wrappers. */
export function addPushCommand<T extends Scripted>(
  parent: Command,
  context: Context,
  { what, recordsOf }: { what: string; recordsOf: (client: Client) => ScriptRecords<T> },
): void {
  parent
    .command('push')
    .description(`create or update ${what}s from files; the language follows from the extension`)
    .argument('<path...>', 'files, or folders with them')
    .option('--name <name>', 'instead of the name of the file')
    .action(async (paths: string[], options: { name?: string }) => {
      const files = await findFlowFiles(paths, context.deps.cwd)
      if (options.name !== undefined && files.length !== 1)
        throw new CliError(`--name goes with one file, and there are ${files.length}`)
      const records = recordsOf(await context.client())
      const pushed: Pushed<T>[] = []
      for (const file of files) {
        const one = await pushFlow(records, {
          file,
          name: options.name ?? nameOfFlowFile(file),
          cwd: context.deps.cwd,
        })
        context.deps.io.err(
          `${one.what.padEnd(9)}  ${one.record.name}${one.changes === '' ? '' : `  ${one.changes}`}`,
        )
        pushed.push(one)
      }
      const [only] = pushed
      const document =
        pushed.length === 1 ? only?.record : { items: pushed.map((one) => one.record) }
      context.print(document, () => '')
    })
}
