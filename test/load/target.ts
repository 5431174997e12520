import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import pg from 'pg'
import { Pool } from 'undici'
import { type Stack, startStack, type StackOptions } from '../stack/index.ts'

/** A stack under load: asked over HTTP as anybody asks it, looked at in its tables from beside. */
export interface Target extends AsyncDisposable {
  readonly stack: Stack
  /** Any status is an answer; only a connection that breaks is an error. */
  ask(method: 'GET' | 'POST', path: string, body?: unknown): Promise<Reply>
  /** Creates a flow from the inside of its handler: `system, self, inputs`. */
  flow(name: string, body: string): Promise<void>
  /** Starts one and waits for its success; resolves with its output. */
  run(flowName: string, input: unknown): Promise<unknown>
  /** Starts many in calls of up to 10,000. */
  startMany(flowName: string, inputs: readonly unknown[]): Promise<string[]>
  sql<Row extends object>(text: string, params?: readonly unknown[]): Promise<Row[]>
}

export interface Reply {
  readonly status: number
  readonly text: string
  readonly headers: Readonly<Record<string, unknown>>
}

/** `connections` bounds the requests on their way; more wait in this process. */
export async function startTarget(
  options: StackOptions & { readonly connections?: number } = {},
): Promise<Target> {
  const stack = await startStack(options)
  const pool = new Pool(stack.url, {
    connections: options.connections ?? 256,
    pipelining: 1,
    // Gives a connection up before the gateway does, so that none breaks while it is being used.
    keepAliveTimeout: 20_000,
    keepAliveMaxTimeout: 20_000,
    headersTimeout: 0,
    bodyTimeout: 0,
  })
  // One connection, so that what looks at the tables is never in the way.
  const client = new pg.Client(readFileSync(join(stack.home, 'run', 'postgres.url'), 'utf8').trim())
  await client.connect()
  const headers = {
    'content-type': 'application/json',
    authorization: `Bearer ${stack.credentials.api_key}`,
  }

  const target: Target = {
    stack,
    async ask(method, path, body) {
      const {
        statusCode,
        body: answer,
        headers: received,
      } = await pool.request({
        method,
        path: `/api/latest/${path}`,
        headers,
        body: body === undefined ? null : typeof body === 'string' ? body : JSON.stringify(body),
      })
      return { status: statusCode, text: await answer.text(), headers: received }
    },
    async flow(name, body) {
      const script = `export default async function handler(system, self, inputs) {\n${body}\n}\n`
      await stack.client.flows.create({ name, script })
    },
    async run(flowName, input) {
      const reply = await target.ask('POST', 'execution?wait=300', {
        flow_name: flowName,
        input_value: input,
      })
      const { status, message, output_value: output } = JSON.parse(reply.text) as Ended
      if (reply.status !== 200 || status !== 'ENDED_SUCCESS')
        throw new Error(`${flowName}: ${reply.status} ${status} ${message}`)
      return output
    },
    async startMany(flowName, inputs) {
      const ids: string[] = []
      for (let at = 0; at < inputs.length; at += BATCH) {
        const items = inputs
          .slice(at, at + BATCH)
          .map((input) => ({ flow_name: flowName, input_value: input }))
        const reply = await target.ask('POST', 'execution/batch', { items })
        if (reply.status !== 201) throw new Error(`${flowName}: ${reply.status} ${reply.text}`)
        ids.push(...(JSON.parse(reply.text) as { ids: string[] }).ids)
      }
      return ids
    },
    sql: async <Row extends object>(text: string, params: readonly unknown[] = []) =>
      (await client.query<Row>(text, [...params])).rows,
    async [Symbol.asyncDispose]() {
      await pool.destroy()
      await client.end()
      await stack.stop()
    },
  }
  return target
}

const BATCH = 10_000

interface Ended {
  readonly status: string
  readonly message: string | null
  readonly output_value: unknown
}
