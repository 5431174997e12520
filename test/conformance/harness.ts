import { after, before, test } from 'node:test'
import { createClient } from '@millrace/client'
import {
  callGrpc,
  connectGrpc,
  createRig,
  type GrpcClients,
  type Rig,
  startStack,
  type Stack,
} from '../stack/index.ts'
import { ITEMS, PROPERTIES } from './items/index.ts'
import type { RunningStack } from './running-stack.ts'

/** What a test of conformance looks at the product through: its two doors, and what both rest on. */
export interface Doors {
  readonly rig: Rig
  readonly client: Rig['client']
  readonly url: string
  readonly userId: () => Promise<string>
  /** A request as it is, with the admin's key unless told otherwise; the body is parsed when it is JSON. */
  rest(
    method: string,
    path: string,
    body?: unknown,
    headers?: Record<string, string>,
  ): Promise<Answer>
  /** A unary call of the public services, made from their .proto files. */
  grpc<T = Record<string, unknown>>(
    service: 'executions' | 'messages' | 'records',
    method: string,
    request: unknown,
  ): Promise<T>
}

export interface Answer {
  readonly status: number
  readonly headers: Headers
  readonly text: string
  /** Empty when it is no JSON. */
  readonly json: Readonly<Record<string, unknown>>
  /** Of a problem: the places that are wrong. */
  readonly pointers: readonly string[]
}

/** One that takes no doors has a stack of its own. */
type Check = (doors: Doors) => Promise<void>

const ITEM_IDS: ReadonlySet<string> = new Set(ITEMS.map(({ id }) => id))
const PROPERTY_NAMES: ReadonlySet<string> = new Set(PROPERTIES.map(({ name }) => name))

/** A test of one item, or of several that one scenario shows. Its name is a sentence about behaviour. */
export function item(ids: string | readonly string[], name: string, check: Check): void {
  const named = typeof ids === 'string' ? [ids] : ids
  for (const id of named) if (!ITEM_IDS.has(id)) throw new Error(`there is no item ${id}`)
  test(`[${named.join(' ')}] ${name}`, () => run(check))
}

/** A test of the behaviour behind one property, or behind several that belong together. */
export function property(names: string | readonly string[], name: string, check: Check): void {
  const named = typeof names === 'string' ? [names] : names
  for (const one of named)
    if (!PROPERTY_NAMES.has(one)) throw new Error(`there is no property ${one}`)
  test(`{${named.join(' ')}} ${name}`, () => run(check))
}

/**
 * Opens the doors for the tests of a file: of the stack that the run has started, else of one of its
 * own, so that a file can be run by itself. `prepare` makes what its tests share.
 */
export function useDoors(prepare?: (doors: Doors) => Promise<void>): void {
  before(async () => {
    const given = process.env['MILLRACE_CONFORMANCE_STACK']
    if (given === undefined) ownStack = await startStack()
    doors = openDoors(
      given === undefined ? runningStack(ownStack ?? raise()) : (JSON.parse(given) as RunningStack),
    )
    await prepare?.(doors)
  })
  after(async () => {
    doors?.close()
    await ownStack?.stop()
  })
}

export const runningStack = ({ url, grpcUrl, credentials }: Stack): RunningStack => ({
  url,
  grpcUrl,
  apiKey: credentials.api_key,
})

let ownStack: Stack | null = null
let doors: (Doors & { close(): void }) | null = null

const raise = (): never => {
  throw new Error('the file did not call useDoors')
}
const run = (check: Check): Promise<void> =>
  check.length === 0 ? (check as () => Promise<void>)() : check(doors ?? raise())

function openDoors({ url, grpcUrl, apiKey }: RunningStack): Doors & { close(): void } {
  const client = createClient({ url, apiKey })
  let grpc: GrpcClients | null = null
  return {
    rig: createRig(client),
    client,
    url,
    userId: async () => String((await client.auth.whoami())['user_id']),
    async rest(method, path, body, headers = {}) {
      const response = await fetch(`${url}/api/latest${path}`, {
        method,
        headers: {
          authorization: `Bearer ${apiKey}`,
          ...(body !== undefined && { 'content-type': 'application/json' }),
          ...headers,
        },
        ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
      })
      const text = await response.text()
      const isJson = response.headers.get('content-type')?.includes('json') === true
      const json = isJson && text !== '' ? (JSON.parse(text) as Answer['json']) : {}
      const errors = (json['errors'] ?? []) as readonly { pointer: string }[]
      const pointers = errors.map(({ pointer }) => pointer)
      return { status: response.status, headers: response.headers, text, json, pointers }
    },
    grpc(service, method, request) {
      grpc ??= connectGrpc({ url: grpcUrl, apiKey })
      return callGrpc(grpc[service], method, request)
    },
    close: () => grpc?.close(),
  }
}
