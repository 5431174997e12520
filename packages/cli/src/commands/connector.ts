import { ApiError, type Client, type Connector, type Json } from '@millrace/client'
import type { Command } from 'commander'
import { CliError } from '../cli-error.ts'
import type { Context } from '../context.ts'
import { byWhat, parseCount } from '../parse-option.ts'
import { readJson } from '../read-input.ts'
import { renderFields, renderTable } from '../render/table.ts'
import { formatTime } from '../render/time.ts'
import { addWrapCommand } from './wrap.ts'

export function addConnectorCommands(program: Command, context: Context): void {
  const connector = program
    .command('connector')
    .description('presets for calls to third-party systems')

  connector
    .command('list')
    .description('list connectors by name')
    .option('-n, --limit <count>', 'no more than this many', parseCount, 50)
    .option('--cursor <cursor>', 'go on where a page ended')
    .action(async (options: { limit: number; cursor?: string }) => {
      const client = await context.client()
      const page = await client.connectors.list({
        order: 'name',
        limit: options.limit,
        cursor: options.cursor,
      })
      context.print(page, () =>
        page.items.length === 0
          ? 'no connectors'
          : renderTable(
              ['NAME', 'TYPE', 'ID', 'MODIFIED'],
              page.items.map((one) => [
                one.name,
                one.connector_type,
                one.id,
                formatTime(one.modified_at),
              ]),
            ),
      )
      if (page.next_cursor !== null)
        context.deps.io.err(`there are more: --cursor ${page.next_cursor}`)
    })

  connector
    .command('get')
    .description('show a connector')
    .argument('<connector>', 'name or id')
    .action(async (key: string) => {
      const found = await (await context.client()).connectors.get(key, byWhat(key))
      context.print(found, () =>
        renderFields({
          name: found.name,
          id: found.id,
          type: found.connector_type,
          value: JSON.stringify(found.value, null, 2),
        }),
      )
    })

  connector
    .command('set')
    .description('create a connector or replace its value')
    .argument('<name>')
    .argument('<value>', 'JSON, @file, or - for standard input')
    .option('--type <type>', 'REST, SQLPG, …; needed for a new one')
    .action(async (name: string, value: string, options: { type?: string }) => {
      const json = await readJson(value, context.deps)
      const after = await putConnector(await context.client(), {
        name,
        value: json,
        type: options.type,
      })
      context.print(after, () => `${after.name}  ${after.connector_type}  ${after.id}`)
    })

  connector
    .command('delete')
    .description('put a connector in the trash')
    .argument('<connector>', 'name or id')
    .action(async (key: string) => {
      await (await context.client()).connectors.delete(key, byWhat(key))
    })

  addWrapCommand(connector, context, {
    what: 'connector',
    recordsOf: (client) => client.connectors,
  })
}

async function putConnector(
  client: Client,
  input: { name: string; value: Json; type: string | undefined },
): Promise<Connector> {
  const type = input.type === undefined ? {} : { connector_type: input.type.toUpperCase() }
  try {
    return await client.connectors.update(
      input.name,
      { value: input.value, ...type },
      { by: 'name' },
    )
  } catch (error) {
    if (!(error instanceof ApiError) || error.status !== 404) throw error
  }
  if (type.connector_type === undefined) {
    throw new CliError(`there is no connector "${input.name}" yet, and a new one needs --type`)
  }
  return client.connectors.create({
    name: input.name,
    value: input.value,
    connector_type: type.connector_type,
  })
}
