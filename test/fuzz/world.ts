import { createClient } from '@millrace/client'
import { newId, now } from '@millrace/runtime'
import { until } from '../stack/index.ts'
import type { Words } from './from-schema.ts'
import type { Operation } from './openapi.ts'

/** A stack of the fuzz's own, with one of everything that requests can name. */
export interface World {
  readonly url: string
  readonly apiKey: string
  /** Values by the name of a field, for this operation. */
  wordsOf(operation: Operation): Words
}

const SLEEPS = 'export default async (system, self) => { await self.sleep(3600) }'
const HOLDS =
  'export default async (system, self, inputs) => { await system.setting(inputs.name).acquire(); await self.sleep(3600) }'
const ENDS = `export default (system, self, inputs) => { self.log('ran', inputs); return { got: inputs } }`

/** How many there are of what an operation uses up: a deleted record is there once. */
const MANY = 12

/** Requests come with the administrator's key, whose own records are not among those that are named. */
export async function createWorld(inside: { url: string; apiKey: string }): Promise<World> {
  const { url, apiKey } = inside
  const client = createClient({ url, apiKey })

  const repeat = <T>(make: (n: number) => Promise<T>): Promise<T[]> =>
    Promise.all(Array.from({ length: MANY }, (_, n) => make(n)))
  const project = await client.projects.create({ name: 'fuzz home' })
  const flows = await repeat((n) =>
    client.flows.create({ name: `fuzz flow ${n}`, script: n === 0 ? SLEEPS : ENDS }),
  )
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
    client.schedules.create({
      name: `fuzz schedule ${n}`,
      flow_name: 'fuzz flow 1',
      timing: { cron: '0 0 1 1 *' },
    }),
  )
  const users = await repeat((n) =>
    post(inside, '/user', { name: `fuzz-user-${n}`, password: 'long enough' }),
  )
  const keys = await repeat((n) => client.apiKeys.create({ name: `fuzz-key-${n}` }))
  const ended = await repeat((n) =>
    client.executions.create(
      { script: ENDS, input_value: { a: [n, 'text'] } },
      { waitSeconds: 30 },
    ),
  )
  const asleep = await repeat(() => client.executions.create({ script: SLEEPS }))
  const holders = await Promise.all(
    settings
      .slice(0, KEPT)
      .map(({ name }) => client.executions.create({ script: HOLDS, input_value: { name } })),
  )
  for (const { id } of holders)
    await until(async () => (await client.executions.get(id)).status === 'SCHEDULED', {
      what: 'its lock is held',
    })
  const trashed = await Promise.all(
    ['flow', 'setting', 'connector', 'project', 'scheduler', 'schedule', 'wrapper'].map(
      async (type) => {
        const name = `fuzz trash ${newId()}`
        const more = {
          flow: { script: ENDS },
          connector: { connector_type: 'REST' },
          scheduler: { script: ENDS },
          wrapper: { script: ENDS },
          schedule: { flow_name: 'fuzz flow 1', timing: { cron: '0 0 1 1 *' } },
        }
        const body = { name, ...more[type as 'flow'] }
        const { id } = await post(inside, `/${type}`, body)
        await fetch(`${url}/api/latest/${type}/${String(id)}`, {
          method: 'DELETE',
          headers: { authorization: `Bearer ${apiKey}` },
        })
        return [type, String(id)] as const
      },
    ),
  )

  const { id: gone } = await client.executions.create({ script: ENDS }, { waitSeconds: 30 })
  await client.executions.trash(gone)
  const ids = (rows: readonly { readonly id?: unknown }[]) => rows.map(({ id }) => String(id))
  const byTag: Readonly<Record<string, readonly string[]>> = {
    flow: ids(flows.slice(1)),
    setting: ids(settings),
    connector: ids(connectors),
    project: ids(projects),
    scheduler: ids(schedulers),
    schedule: ids(schedules),
    wrapper: ids(wrappers),
    execution: [...ids(ended), ...ids(asleep)],
    user: ids(users),
    api_key: ids(keys),
  }
  const inTrash = new Map<string, string>([...trashed, ['execution', gone]])
  const later = new Date(now() + 86_400_000).toISOString()
  const earlier = new Date(now() - 3_600_000).toISOString()
  const shared: Readonly<Record<string, readonly unknown[]>> = {
    flow_id: ids(flows.slice(0, 3)),
    flow_name: ['fuzz flow 0', 'fuzz flow 1'],
    script: [ENDS, SLEEPS, 'export default () => { throw new Error("x") }'],
    language: ['typescript'],
    connector_id: ids(connectors.slice(0, 2)),
    connector_name: ['fuzz connector 0'],
    connector_type: ['REST'],
    project_id: [project.id],
    project_name: ['fuzz home'],
    execution_id: ids(holders),
    ids: [ids(asleep.slice(-2)), [ended[0]?.id, newId()]],
    setting_id: ids(settings.slice(0, 2)),
    setting_name: ['fuzz-setting-0'],
    scheduler_id: ids(schedulers.slice(0, 2)),
    scheduler_name: ['fuzz scheduler 0'],
    timing: [{ cron: '0 0 1 1 *' }, { interval_seconds: 3_600 }],
    from: ['2026-01-01T00:00:00Z'],
    to: ['2026-01-02T00:00:00Z'],
    starts_at: [earlier],
    ends_at: [later],
    user_name: ['fuzz-user-0'],
    password: ['long enough', 'wrong wrong'],
    scheduled_for: [later, earlier],
    expires_at: [later],
    since: [earlier],
    // Waiting is bounded by what a caller asks for; the fuzz asks for little.
    wait: [0, 0.05],
    limit: [1, 1_000],
    order: ['-created_at', 'name', 'id'],
    fields: ['id', 'id,name'],
    group_by: ['status', 'type'],
    pointer: ['', '/a', '/a/0', '/got'],
    depth: [1, 3],
    roles: [[]],
    input_schema: [{ type: 'object' }, true, null],
    output_schema: [{}, null],
    wrappers: [[], [{ name: 'retry', input: { max_tries: 2 } }]],
    filter: FILTERS.map((filter) => JSON.stringify(filter)),
    last_event_id: ['1.1.0.0.0'],
  }
  const idsFor = ({ id, method, path, tag }: Operation): readonly string[] => {
    const all = byTag[tag] ?? []
    const trash = path.endsWith('/restore') ? inTrash.get(tag) : undefined
    if (trash !== undefined) return [trash]
    if (method === 'DELETE') return all.slice(KEPT)
    if (id === 'cancelExecution') return ids(asleep.slice(KEPT))
    if (id === 'pauseExecution' || id === 'resumeExecution') return ids(asleep.slice(0, KEPT))
    return all.slice(0, tag === 'execution' ? all.length : KEPT)
  }
  return {
    url,
    apiKey,
    wordsOf: (operation) => (name) => {
      if (name === 'id' || name === 'key') return idsFor(operation)
      // A body takes the filter as JSON, a query as its text.
      if (name === 'filter' && operation.body !== null) return FILTERS
      return shared[name] ?? []
    },
  }
}

/** What is deleted or cancelled must not be what others read. */
const KEPT = 6

const FILTERS: readonly object[] = [
  { field: 'status', op: 'eq', value: 'SCHEDULED' },
  { field: 'name', op: 'like', value: 'fuzz%' },
  { field: 'created_at', op: 'ge', value: '2026-01-01T00:00:00Z' },
  {
    and: [
      { field: 'type', op: 'in', value: ['SCRIPT', 'FLOW'] },
      { field: 'id', op: 'is_null', value: false },
    ],
  },
  {
    not: {
      or: [
        { field: 'name', op: 'eq', value: 'x' },
        { field: 'name', op: 'ilike', value: '%y' },
      ],
    },
  },
]

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
