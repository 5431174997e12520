import type { Filter, Json } from '@millrace/client'
import { type Command, Option } from 'commander'
import { CliError } from '../cli-error.ts'
import type { Context } from '../context.ts'
import { parseCount, parseSeconds } from '../parse-option.ts'
import { readJson } from '../read-input.ts'
import { renderMessage } from '../render/message.ts'
import { renderTable } from '../render/table.ts'
import { formatTime } from '../render/time.ts'

export function addMessageCommands(program: Command, context: Context): void {
  const message = program
    .command('message')
    .description('see what executions ask of people, and answer')
  addList(message, context)

  message
    .command('show')
    .description('show a message: what it says, what it asks for, who has answered')
    .argument('<id>')
    .action(async (id: string) => {
      const found = await (await context.client()).messages.get(id)
      context.print(found, () => renderMessage(found))
    })

  message
    .command('reply')
    .description('answer a message; the first answer counts')
    .argument('<id>')
    .argument('[response]', 'JSON, @file, or - for standard input; nothing presses OK')
    .option('-b, --button <name>', 'press this button')
    .option('-f, --field <name=value>', 'one field, text or JSON; may be repeated', collect)
    .action(async (id: string, given: string | undefined, options: ReplyOptions) => {
      const client = await context.client()
      const response = await readResponse(given, options, context)
      const after = await client.messages.reply(id, response)
      context.print(after, () => `answered ${after.subject} (${after.id})`)
    })

  message
    .command('link')
    .description('make a link with which somebody answers once, without a login')
    .argument('<id>')
    .argument('<recipient>', 'who gets it, such as a mail address; kept as who has answered')
    .option('--expires <time>', 'for how long it is valid, such as 12h or 7d', parseSeconds)
    .action(async (id: string, recipient: string, options: { expires?: number }) => {
      const { expires } = options
      const client = await context.client()
      const link = await client.messages.createLink(id, {
        recipient,
        ...(expires !== undefined && { expires_after: Math.round(expires) }),
      })
      context.print(link, () => link.url)
      context.deps.io.err(
        `whoever has it can answer until ${formatTime(link.expires_at)}; it is not shown again`,
      )
    })
}

function addList(message: Command, context: Context): void {
  message
    .command('list')
    .description('list messages that wait for an answer, newest first')
    .option('--mine', 'only those that I may answer')
    .addOption(
      new Option('--status <status>', 'others than open ones').choices([
        'open',
        'answered',
        'closed',
        'all',
      ]),
    )
    .option('--execution <id>', 'only those of one execution')
    .option('-n, --limit <count>', 'no more than this many', parseCount, 50)
    .option('--cursor <cursor>', 'go on where a page ended')
    .action(async (options: ListFlags) => {
      const client = await context.client()
      const { limit, cursor, mine: forMe } = options
      const page = await client.messages.list({ filter: filterOf(options), limit, cursor, forMe })
      context.print(page, () =>
        page.items.length === 0
          ? 'no messages'
          : renderTable(
              ['ID', 'STATUS', 'SUBJECT', 'ASSIGNEES', 'ASKED', 'EXPECTED', 'ANSWERED BY'],
              page.items.map((one) => [
                one.id,
                one.status,
                one.subject.length > 60 ? `${one.subject.slice(0, 59)}…` : one.subject,
                one.assignees.join(', '),
                formatTime(one.created_at),
                formatTime(one.due_at),
                one.answered_by,
              ]),
            ),
      )
      if (page.next_cursor !== null)
        context.deps.io.err(`there are more: --cursor ${page.next_cursor}`)
    })
}

interface ListFlags {
  readonly mine?: boolean
  readonly status?: 'open' | 'answered' | 'closed' | 'all'
  readonly execution?: string
  readonly limit: number
  readonly cursor?: string
}

function filterOf({ status = 'open', execution }: ListFlags): Filter | undefined {
  const parts: Filter[] = []
  if (status !== 'all') parts.push({ field: 'status', op: 'eq', value: status.toUpperCase() })
  if (execution !== undefined) parts.push({ field: 'execution_id', op: 'eq', value: execution })
  return parts.length === 0 ? undefined : { and: parts }
}

interface ReplyOptions {
  readonly button?: string
  readonly field?: readonly string[]
}

async function readResponse(
  given: string | undefined,
  { button, field = [] }: ReplyOptions,
  context: Context,
): Promise<Json> {
  const whole = given === undefined ? {} : await readJson(given, context.deps)
  if (button === undefined && field.length === 0) return whole
  if (typeof whole !== 'object' || whole === null || Array.isArray(whole))
    throw new CliError('the response must be a JSON object when --button or --field adds to it')
  const fields = Object.fromEntries(field.map(readField))
  return { ...whole, ...fields, ...(button !== undefined && { [button]: true }) }
}

const collect = (pair: string, previous: readonly string[] = []): readonly string[] => [
  ...previous,
  pair,
]

/** `name=value`: JSON when it is, else the text itself. */
function readField(pair: string): [string, Json] {
  const at = pair.indexOf('=')
  if (at < 1) throw new CliError(`"${pair}" is no field`, { way: 'give it as --field name=value' })
  const text = pair.slice(at + 1)
  try {
    return [pair.slice(0, at), JSON.parse(text) as Json]
  } catch {
    return [pair.slice(0, at), text]
  }
}
