import type { Client, WrapperUse } from '@millrace/client'
import type { Command } from 'commander'
import type { Context } from '../context.ts'
import { byWhat } from '../parse-option.ts'
import { readWrapperUse } from '../read-wrapper-use.ts'

/** What may be given wrappers. */
interface WrappableRecords {
  update(
    key: string,
    fields: { readonly wrappers: readonly WrapperUse[] },
    options: { by?: 'id' | 'name' },
  ): Promise<{ readonly name: string; readonly wrappers: readonly WrapperUse[] }>
}

/** `wrap`, for records that wrappers may always stand around: flows, connectors, schedules, wrappers. */
export function addWrapCommand(
  parent: Command,
  context: Context,
  { what, recordsOf }: { what: string; recordsOf: (client: Client) => WrappableRecords },
): void {
  parent
    .command('wrap')
    .description(`make these the wrappers of a ${what}, from the outermost on; none unwraps it`)
    .argument(`<${what}>`, 'name or id')
    .argument('[wrapper...]', 'name or id, or name={"its":"inputs"}')
    .action(async (key: string, uses: string[]) => {
      const wrappers = uses.map(readWrapperUse)
      const records = recordsOf(await context.client())
      const after = await records.update(key, { wrappers }, byWhat(key))
      context.print(after, () => renderWrapping(after))
    })
}

function renderWrapping(record: {
  readonly name: string
  readonly wrappers: readonly WrapperUse[]
}): string {
  if (record.wrappers.length === 0) return `${record.name} has no wrappers`
  return [...record.wrappers.map((use) => use.name ?? use.id ?? ''), record.name].join(' > ')
}
