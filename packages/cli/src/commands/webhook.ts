import { ApiError, type Client, type Json, type NewWebhook, type Webhook } from '@millrace/client'
import type { Command } from 'commander'
import { CliError } from '../cli-error.ts'
import type { Context } from '../context.ts'
import { byWhat, parseCount } from '../parse-option.ts'
import { readJson } from '../read-input.ts'
import { renderFields, renderTable } from '../render/table.ts'
import { formatTime } from '../render/time.ts'

export function addWebhookCommands(program: Command, context: Context): void {
  const webhook = program.command('webhook').description('addresses at which others start flows')

  webhook
    .command('list')
    .description('list webhooks by name')
    .option('-n, --limit <count>', 'no more than this many', parseCount, 50)
    .option('--cursor <cursor>', 'go on where a page ended')
    .action(async (options: { limit: number; cursor?: string }) => {
      const { limit, cursor } = options
      const page = await (await context.client()).webhooks.list({ order: 'name', limit, cursor })
      context.print(page, () =>
        page.items.length === 0
          ? 'no webhooks'
          : renderTable(
              ['NAME', 'FLOW', 'STATE', 'PATH'],
              page.items.map((one) => [
                one.name,
                one.flow_name ?? one.flow_id,
                one.is_enabled ? 'enabled' : 'disabled',
                one.call_path,
              ]),
            ),
      )
      if (page.next_cursor !== null)
        context.deps.io.err(`there are more: --cursor ${page.next_cursor}`)
    })

  webhook
    .command('get')
    .description('show a webhook; secrets are not shown')
    .argument('<webhook>', 'name or id')
    .action(async (key: string) => {
      const found = await (await context.client()).webhooks.get(key, byWhat(key))
      context.print(found, () => render(found))
    })

  webhook
    .command('set')
    .description('create a webhook or change it; a new one is disabled')
    .argument('<name>')
    .argument('[fields]', 'further fields as JSON, @file, or - for standard input')
    .option('--flow <flow>', 'name or id of the flow that it starts; needed for a new one')
    .option('--key <key>', 'what callers have to send as key')
    .option('--async', 'answer at once with 202 instead of with the result')
    .option('--enable', 'open it')
    .action(async (name: string, fields: string | undefined, options: SetOptions) => {
      const more = fields === undefined ? {} : await readJson(fields, context.deps)
      if (typeof more !== 'object' || more === null || Array.isArray(more))
        throw new CliError('the fields must be a JSON object')
      const after = await put(await context.client(), name, { ...more, ...toFields(options) })
      context.print(after, () => render(after))
    })

  for (const [name, description, isEnabled] of [
    ['enable', 'let calls in', true],
    ['disable', 'answer calls as if it were not there', false],
  ] as const)
    webhook
      .command(name)
      .description(description)
      .argument('<webhook>', 'name or id')
      .action(async (key: string) => {
        const { webhooks } = await context.client()
        const after = await webhooks.update(key, { is_enabled: isEnabled }, byWhat(key))
        context.print(after, () => `${after.name} is ${name}d: ${after.call_path}`)
      })

  webhook
    .command('deliveries')
    .description('show the latest calls and what came of them')
    .argument('<webhook>', 'name or id')
    .option('-n, --limit <count>', 'no more than this many', parseCount, 20)
    .action(async (key: string, { limit }: { limit: number }) => {
      const { webhooks } = await context.client()
      const page = await webhooks.deliveries(key, { ...byWhat(key), limit })
      context.print(page, () =>
        page.items.length === 0
          ? 'no calls within a week'
          : renderTable(
              ['AT', 'CALL', 'FROM', 'OUTCOME', 'EXECUTION'],
              page.items.map((one) => [
                formatTime(one.at),
                `${one.method} ${one.path}`.trim(),
                one.address ?? '',
                one.reason === null ? one.outcome : `${one.outcome}: ${one.reason}`,
                one.execution_id ?? '',
              ]),
            ),
      )
    })

  webhook
    .command('delete')
    .description('put a webhook in the trash')
    .argument('<webhook>', 'name or id')
    .action(async (key: string) => {
      await (await context.client()).webhooks.delete(key, byWhat(key))
    })
}

interface SetOptions {
  readonly flow?: string
  readonly key?: string
  readonly async?: boolean
  readonly enable?: boolean
}

function toFields({ flow, key, async: isAsync, enable }: SetOptions): Record<string, Json> {
  return {
    ...(flow !== undefined && (byWhat(flow).by === 'id' ? { flow_id: flow } : { flow_name: flow })),
    ...(key !== undefined && { key }),
    ...(isAsync === true && { is_async: true }),
    ...(enable === true && { is_enabled: true }),
  }
}

async function put(client: Client, name: string, fields: Record<string, Json>): Promise<Webhook> {
  try {
    return await client.webhooks.update(name, fields, { by: 'name' })
  } catch (error) {
    if (!(error instanceof ApiError) || error.status !== 404) throw error
  }
  const record: NewWebhook = { name, ...fields }
  if (record.flow_id === undefined && record.flow_name === undefined)
    throw new CliError(`there is no webhook "${name}" yet, and a new one needs --flow`)
  return client.webhooks.create(record)
}

const render = (one: Webhook): string =>
  renderFields({
    name: one.name,
    id: one.id,
    flow: one.flow_name ?? one.flow_id,
    state: one.is_enabled ? 'enabled' : 'disabled',
    path: one.call_path,
    methods: one.methods.join(', '),
    key: one.is_key_required ? 'required' : 'none',
    answers: one.is_async ? 'at once' : `with the result, after ${one.wait_seconds} s with 202`,
  })
