import { type Client, createClient } from '@millrace/client'
import { newId } from '@millrace/runtime'
import { until } from '../stack/index.ts'
import type { Words } from './from-schema.ts'
import type { Operation } from './openapi.ts'
import { ENDS, HOLDS, KEPT, type Made, SLEEPS, wordsFor } from './words.ts'

/** A stack of the fuzz's own, with one of everything that requests can name. */
export interface World {
  readonly url: string
  readonly apiKey: string
  /** Values by the name of a field, for this operation. */
  wordsOf(operation: Operation): Words
}

/** How many there are of what an operation uses up. */
const MANY = 12

const repeat = <T>(make: (n: number) => Promise<T>, times = MANY): Promise<T[]> =>
  Promise.all(Array.from({ length: times }, (_, n) => make(n)))
const idsOf = (rows: readonly { readonly id?: unknown }[]): string[] =>
  rows.map(({ id }) => String(id))

/** Requests come with the administrator's key, whose own records are not among those that are named. */
export async function createWorld(inside: { url: string; apiKey: string }): Promise<World> {
  const client = createClient(inside)
  const project = await client.projects.create({ name: 'fuzz home' })
  const records = await createRecords(inside, client)
  const executions = await createExecutions(inside, client)
  const messages = await createMessages(client)
  const { ended, asleep } = executions
  const made: Made = {
    of: {
      ...records.of,
      execution: [...ended, ...asleep],
      message: messages.answered,
      workspace: [project.workspace_id],
    },
    trashed: await createTrash(inside, client),
    project: project.id,
    kept: records.kept,
    called: records.called,
    ...executions,
    ...messages,
  }
  return { ...inside, wordsOf: (operation) => wordsFor(made, operation) }
}

async function createRecords(
  inside: { url: string; apiKey: string },
  client: Client,
): Promise<{
  of: Record<string, readonly string[]>
  kept: Record<string, readonly string[]>
  called: string[]
}> {
  // What others name is changed by nobody, and a call waits for the end of its flow.
  const kept = {
    flow: [await client.flows.create({ name: 'fuzz answers', script: ENDS })],
    setting: [await client.settings.put('fuzz-kept', {})],
    connector: [
      await client.connectors.create({ name: 'fuzz kept', connector_type: 'REST', value: {} }),
    ],
    scheduler: [await client.schedulers.create({ name: 'fuzz kept', script: SLEEPS })],
  }
  const flows = await repeat((n) => client.flows.create({ name: `fuzz flow ${n}`, script: ENDS }))
  const settings = await repeat((n) => client.settings.put(`fuzz-setting-${n}`, { n }))
  const connectors = await repeat((n) =>
    client.connectors.create({ name: `fuzz connector ${n}`, connector_type: 'REST', value: {} }),
  )
  const wrappers = await repeat((n) =>
    client.wrappers.create({ name: `fuzz wrapper ${n}`, script: ENDS }),
  )
  const projects = await repeat((n) => client.projects.create({ name: `fuzz project ${n}` }))
  const schedulers = await repeat((n) =>
    client.schedulers.create({ name: `fuzz scheduler ${n}`, script: SLEEPS }),
  )
  const schedules = await repeat((n) =>
    post(inside, '/schedule', { name: `fuzz schedule ${n}`, ...YEARLY }),
  )
  const files = await repeat((n) =>
    client.files.create({ name: `fuzz/file ${n}.txt`, text: 'content '.repeat(n) }),
  )
  const webhook = (name: string, more: object = {}): Promise<Record<string, unknown>> =>
    post(inside, '/webhook', { name, flow_name: 'fuzz answers', is_enabled: true, ...more })
  const webhooks = await repeat((n) => webhook(`fuzz webhook ${n}`))
  const called = [
    await webhook('fuzz called'),
    await webhook('fuzz called at once', { is_async: true }),
    await webhook('fuzz called often', { rate_limit: { calls: 1_000_000, per_seconds: 1 } }),
  ]
  const users = await repeat((n) =>
    post(inside, '/user', { name: `fuzz-user-${n}`, password: 'long enough' }),
  )
  const keys = await repeat((n) => client.apiKeys.create({ name: `fuzz-key-${n}` }))
  return {
    of: {
      flow: idsOf(flows),
      setting: idsOf(settings),
      connector: idsOf(connectors),
      wrapper: idsOf(wrappers),
      project: idsOf(projects),
      scheduler: idsOf(schedulers),
      schedule: idsOf(schedules),
      file: idsOf(files),
      webhook: idsOf(webhooks),
      user: idsOf(users),
      api_key: idsOf(keys),
    },
    kept: Object.fromEntries(Object.entries(kept).map(([type, rows]) => [type, idsOf(rows)])),
    called: [...idsOf(called), ...called.map(({ name }) => String(name))],
  }
}

const YEARLY = { flow_name: 'fuzz answers', timing: { cron: '0 0 1 1 *' } }

async function createExecutions(
  inside: { url: string; apiKey: string },
  client: Client,
): Promise<Pick<Made, 'ended' | 'asleep' | 'holders' | 'stopped'>> {
  const ended = await repeat((n) =>
    client.executions.create(
      { script: ENDS, input_value: { a: [n, 'text'] } },
      { waitSeconds: 30 },
    ),
  )
  const asleep = await repeat(() => client.executions.create({ script: SLEEPS }))
  const holders = await repeat(
    (n) => client.executions.create({ script: HOLDS, input_value: { name: `fuzz-setting-${n}` } }),
    KEPT,
  )
  for (const { id } of holders)
    await until(async () => (await client.executions.get(id)).status === 'SCHEDULED', {
      what: 'its lock is held',
    })
  const stopped = await repeat(() =>
    post(inside, '/execution', { script: ENDS, is_productive: false, break: true }),
  )
  for (const id of idsOf(stopped))
    await until(async () => (await client.executions.get(id)).status === 'PAUSED', {
      what: 'it stands at its first line',
    })
  return {
    ended: idsOf(ended),
    asleep: idsOf(asleep),
    holders: idsOf(holders),
    stopped: idsOf(stopped),
  }
}

/** Messages that are answered, and such as are answered by links alone. */
async function createMessages(
  client: Client,
): Promise<Pick<Made, 'asked' | 'tokens' | 'tokensToUse'> & { answered: string[] }> {
  const asks = `export default async (system, self) => {
    await self.message({ subject: 'fuzz', message: 'Go on?', allows_links: true })
  }`
  await repeat(() => client.executions.create({ script: asks }), 2 * MANY)
  const open = await until(
    async () => {
      const { items } = await client.messages.list({ limit: 1_000 })
      return items.length >= 2 * MANY ? items : null
    },
    { what: 'people are asked' },
  )
  const asked = idsOf(open).slice(0, KEPT)
  const link = async (id: string): Promise<string> =>
    (await client.messages.createLink(id, { recipient: 'fuzz' })).token
  return {
    answered: idsOf(open).slice(MANY),
    asked,
    tokens: await Promise.all(asked.map(link)),
    tokensToUse: await Promise.all(idsOf(open).slice(KEPT, MANY).map(link)),
  }
}

/** One of each type in the trash. */
async function createTrash(
  inside: { url: string; apiKey: string },
  client: Client,
): Promise<Map<string, string>> {
  const fields: Readonly<Record<string, object>> = {
    flow: { script: ENDS },
    setting: {},
    connector: { connector_type: 'REST' },
    project: {},
    scheduler: { script: ENDS },
    schedule: YEARLY,
    webhook: { flow_name: 'fuzz answers' },
    file: { text: 'x' },
    wrapper: { script: ENDS },
  }
  const trashed = new Map<string, string>()
  for (const [type, more] of Object.entries(fields)) {
    const { id } = await post(inside, `/${type}`, { name: `fuzz trash ${newId()}`, ...more })
    await fetch(`${inside.url}/api/latest/${type}/${String(id)}`, {
      method: 'DELETE',
      headers: { authorization: `Bearer ${inside.apiKey}` },
    })
    trashed.set(type, String(id))
  }
  const { id } = await client.executions.create({ script: ENDS }, { waitSeconds: 30 })
  await client.executions.trash(id)
  return trashed.set('execution', id)
}

async function post(
  { url, apiKey }: { url: string; apiKey: string },
  path: string,
  body: object,
): Promise<Record<string, unknown>> {
  const response = await fetch(`${url}/api/latest${path}`, {
    method: 'POST',
    headers: { authorization: `Bearer ${apiKey}`, 'content-type': 'application/json' },
    body: JSON.stringify(body),
  })
  const json = (await response.json()) as Record<string, unknown>
  if (!response.ok) throw new Error(`POST ${path}: ${response.status} ${JSON.stringify(json)}`)
  return json
}
