import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createClient } from '@millrace/client'
import type { StackInUse } from '../../stack/index.ts'

/** POSTs that are as good as once when they are done twice, and for which the server heeds no key. */
const HARMLESS = ['/auth/logout', '/doctor/repair', '/execution/{id}/inspect', '/schedule/preview']

/** What the client takes for safe to send again, against what the server makes of it. */
export function clientCalls(at: StackInUse): void {
  test('the client sends a call again exactly where the server says what becomes of the second', async () => {
    const routes = await routesOf(at.stack.url)
    const calls = await callsOfClient()
    const served = calls.map(({ method, path, repeat }) => {
      const route = routes.find((one) => one.method === method && one.pattern.test(path))
      assert.ok(route !== undefined, `the server has no ${method} ${path}`)
      return { ...route, repeat }
    })
    // A GET is harmless in any case, and of one whose answer has no end the caller decides.
    const table = served.filter(({ method }) => method !== 'GET')
    assert.deepEqual(
      table.map(({ method, path, repeat }) => `${method} ${path} ${repeat}`),
      table.map(({ method, path, heedsKey }) => {
        const withoutKey = method === 'POST' && HARMLESS.includes(path) ? 'freely' : 'never'
        return `${method} ${path} ${heedsKey ? 'keyed' : withoutKey}`
      }),
    )
  })
}

interface Route {
  readonly method: string
  readonly path: string
  readonly pattern: RegExp
  readonly heedsKey: boolean
}

/** Of the document that the server makes of its routes; those without parameters first. */
async function routesOf(url: string): Promise<Route[]> {
  const { paths } = (await (await fetch(`${url}/api/openapi.json`)).json()) as {
    paths: Record<string, Record<string, { parameters: readonly { name: string }[] }>>
  }
  return Object.entries(paths)
    .toSorted(([a], [b]) => a.split('{').length - b.split('{').length)
    .flatMap(([path, operations]) =>
      Object.entries(operations).map(([method, { parameters }]) => ({
        method: method.toUpperCase(),
        path,
        pattern: new RegExp(`^${path.replaceAll(/\{\w+\}/g, '[^/]+')}$`),
        heedsKey: parameters.some(({ name }) => name === 'Idempotency-Key'),
      })),
    )
}

interface Call {
  readonly method: string
  readonly path: string
  readonly repeat: 'freely' | 'keyed' | 'never'
}

/** Each function of the client once, against connections that break: how it goes on says what it thinks. */
async function callsOfClient(): Promise<Call[]> {
  const tries: { method: string; path: string; hasKey: boolean }[] = []
  const { url: _, ...resources } = createClient({
    url: 'http://server',
    apiKey: 'k',
    fetch: (url, init = {}) => {
      const { method = 'GET', headers } = init
      const path = new URL(String(url)).pathname.slice('/api/latest'.length)
      tries.push({ method, path, hasKey: new Headers(headers).has('idempotency-key') })
      return Promise.reject(new TypeError('fetch failed', { cause: new Error('broken') }))
    },
    platform: { delay: () => Promise.resolve() },
  })
  const calls: Call[] = []
  for (const [resource, functions] of Object.entries(resources))
    for (const [name, ask] of Object.entries(functions as object)) {
      const what = `${resource}.${name}`
      tries.length = 0
      await assert.rejects(ended((ask as Ask)('x', {}, {})), { name: 'ServerAwayError' }, what)
      const [first] = tries
      assert.ok(first !== undefined, `${what} asks for nothing`)
      const { method, path, hasKey } = first
      calls.push({ method, path, repeat: hasKey ? 'keyed' : tries.length > 1 ? 'freely' : 'never' })
    }
  return calls
}

type Ask = (...given: unknown[]) => unknown

/** What is given out piece by piece is asked for with the first piece. */
async function ended(answer: unknown): Promise<unknown> {
  const isGenerator =
    typeof answer === 'object' && answer !== null && Symbol.asyncIterator in answer
  return isGenerator ? Array.fromAsync(answer as AsyncGenerator) : answer
}
