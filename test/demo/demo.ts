import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import type { Client, Execution } from '@millrace/client'
import { startPostgres, type TestPostgres } from '@millrace/testkit'
import { startHttpTarget, startStack, until, type HttpTarget, type Stack } from '../stack/index.ts'
import { printExecution, printSavepoints, printTree, printWhy, say } from './print.ts'

/**
 * `make demo`: a parent flow calls a child, asks a real database and a real REST endpoint. While the
 * child sleeps, its engine is killed with -9. Everything that is shown is also checked; the exit
 * code is 0 only when all of it is right.
 */
/** Its answer is held back until the demo has asked why the flow stands still. */
const ENDPOINT = '/hang/greeting'

try {
  await demo()
  say('\nThe engine was killed in the middle, and every part ran once. All is right.')
} catch (error) {
  console.error(error)
  process.exitCode = 1
}

async function demo(): Promise<void> {
  say('Starting Postgres, NATS and five services on a home of their own …')
  await using endpoint = await startHttpTarget()
  // The stack's own Postgres is out of reach for connectors, so that no flow gets at what it rests on.
  await using database = await startPostgres()
  await using stack = await startStack()
  try {
    await story(stack, { endpoint, database })
  } catch (error) {
    say(`\nwhat the stack printed:\n${stack.output()}`)
    throw error
  }
}

async function story(
  stack: Stack,
  { endpoint, database }: { endpoint: HttpTarget; database: TestPostgres },
): Promise<void> {
  const { client } = stack
  await pushFlows(client)
  await createDatabaseConnector(client, database.url)
  say('Pushed my-parent-flow and my-child-flow; my-database is a Postgres 18 beside the stack.\n')

  const { id } = await client.executions.create({
    flow_name: 'my-parent-flow',
    input_value: { url: `${endpoint.url}${ENDPOINT}` },
  })
  const child = await sleepingChild(client, id)
  await showWhy(client, 'my-parent-flow', { id, status: 'WAITING_DEPENDENCY' })
  await showWhy(client, 'my-child-flow', { id: child.id, status: 'SCHEDULED' })

  const [killed] = stack.pidsOf('engine')
  await stack.killAndAwait('engine')
  const [started] = stack.pidsOf('engine')
  say(`\nkill -9 of the engine, process ${killed}. The supervisor started ${started}.\n`)

  await untilAsked(client, { endpoint, id })
  await showWhy(client, 'my-parent-flow', { id, status: 'WAITING_DEPENDENCY' })
  endpoint.letGo(ENDPOINT)

  const ended = await client.executions.wait(id, { timeoutSeconds: 60 })
  await showAndCheck(client, { ended, endpoint, childId: child.id })
}

async function pushFlows(client: Client): Promise<void> {
  for (const name of ['my-child-flow', 'my-parent-flow']) {
    const script = readFileSync(new URL(`flows/${name}.ts`, import.meta.url), 'utf8')
    await client.flows.create({ name, script })
  }
}

async function createDatabaseConnector(client: Client, url: string): Promise<void> {
  const { hostname, port, username, password, pathname } = new URL(url)
  await client.connectors.create({
    name: 'my-database',
    connector_type: 'SQLPG',
    value: {
      host: hostname,
      port: Number(port),
      database: pathname.slice(1),
      authentication: { authentication_method: 'username_password', username, password },
      tls: { tls_mode: 'off' },
    },
  })
}

/** The child that the parent has started, once it stands in its sleep. */
function sleepingChild(client: Client, parentId: string): Promise<Execution> {
  return until(
    async () => {
      const [child] = (await client.executions.children(parentId)).items
      return child?.status === 'SCHEDULED' && child
    },
    { what: 'a sleeping child', timeoutMs: 30_000 },
  )
}

/** Asks why it stands still, when it does. */
async function showWhy(
  client: Client,
  name: string,
  { id, status }: { id: string; status: string },
): Promise<void> {
  const why = await until(
    async () => {
      const seen = await client.executions.why(id)
      return seen.status === status && seen
    },
    { what: `${name} in ${status}` },
  )
  printWhy(name, why)
  assert.equal(why.moving, false)
  assert.ok(why.reason, `${name} does not say why`)
  assert.ok(why.waits.length > 0, `${name} names nothing that it waits for`)
}

/** Until the flow has come to the endpoint. Throws with what it ended with when it never comes. */
async function untilAsked(
  client: Client,
  { endpoint, id }: { endpoint: HttpTarget; id: string },
): Promise<void> {
  await until(
    async () => {
      if (endpoint.count(ENDPOINT) > 0) return true
      const { status } = await client.executions.get(id)
      return status.startsWith('ENDED')
    },
    { what: 'a request at the endpoint', timeoutMs: 60_000 },
  )
  if (endpoint.count(ENDPOINT) > 0) return
  const { items } = await client.executions.children(id)
  const ends = [await client.executions.get(id), ...items].map(
    ({ type, status, message }) => `${type} ${status}: ${message}`,
  )
  throw new Error(`the flow ended before it asked the endpoint:\n${ends.join('\n')}`)
}

async function showAndCheck(
  client: Client,
  { ended, endpoint, childId }: { ended: Execution; endpoint: HttpTarget; childId: string },
): Promise<void> {
  say('\nThe ended execution')
  printExecution(ended)
  const tree = await client.executions.tree(ended.id)
  say('\nIts tree')
  printTree(tree)
  for (const [name, id] of [
    ['my-parent-flow', ended.id],
    ['my-child-flow', childId],
  ] as const) {
    const { items } = await client.executions.savepoints(id)
    say(`\nSavepoints of ${name}`)
    printSavepoints(items)
    assert.ok(items.length > 0, `${name} has no savepoints`)
  }
  const children = (await client.executions.children(ended.id, { order: 'created_at' })).items
  checkParent(ended)
  checkChildren(children)
  assert.equal(endpoint.count(ENDPOINT), 1, 'the endpoint was asked more than once')
  assert.equal(tree.children.length, 3)
}

function checkParent({ status, message, ended_at }: Execution): void {
  assert.equal(status, 'ENDED_SUCCESS', `ended as ${status}: ${message}`)
  assert.equal(message, 'all done')
  assert.ok(ended_at)
}

/** A flow and two connections: each ran, each once, each with the right result. */
function checkChildren(children: readonly Execution[]): void {
  assert.deepEqual(
    children.map(({ status }) => status),
    ['ENDED_SUCCESS', 'ENDED_SUCCESS', 'ENDED_SUCCESS'],
  )
  const flow = children.find(({ type }) => type === 'FLOW')
  const database = children.find(({ connector_type }) => connector_type === 'SQLPG')
  const rest = children.find(({ connector_type }) => connector_type === 'REST')
  assert.deepEqual(flow?.input_value, { custom_parameter: 'value' })
  assert.equal(flow?.message, 'custom_parameter is value')
  assert.equal((database?.output_value as { result?: unknown } | null)?.result, 2)
  const answer = rest?.output_value as { status_code?: number; json?: unknown } | null
  assert.equal(answer?.status_code, 200)
  assert.deepEqual(answer.json, { ok: true })
}
