import assert from 'node:assert/strict'
import { createServer } from 'node:net'
import type { Socket } from 'node:net'
import { test } from 'node:test'
import { attempt, verdict } from '../testing/attempts.ts'
import { type Listener, listen } from '../testing/listener.ts'

const MODES = {
  get: { mode_name: 'get' },
  post: { mode_name: 'post', body: { body_type: 'text', text: 'hi' } },
} as const
const REPEATABLE = { get: true, post: false }

/** Calls `then` once the whole request has arrived. */
const whenRead =
  (then: (socket: Socket) => void) =>
  (socket: Socket): void => {
    let seen = ''
    socket.on('data', (chunk) => {
      seen += chunk.toString()
      if (seen.includes('\r\n\r\n') && (seen.startsWith('GET') || seen.endsWith('hi'))) then(socket)
    })
  }

const reset = (socket: Socket): void => void socket.resetAndDestroy()
const LOST = { code: 'OUTCOME_UNKNOWN', outcome: 'unknown' }
const DROPS: readonly [
  string,
  (socket: Socket) => void,
  Record<string, unknown>,
  phases: string[],
][] = [
  ['after the request', whenRead(reset), LOST, ['wait']],
  ['after the request, politely', whenRead((socket) => socket.end()), LOST, ['wait']],
  [
    'within the head',
    whenRead((socket) => socket.end('HTTP/1.1 200 OK\r\nContent-')),
    LOST,
    ['wait'],
  ],
  [
    'within the body',
    whenRead((socket) => socket.end('HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf')),
    LOST,
    ['receive'],
  ],
  [
    'with garbage',
    whenRead((socket) => socket.end('220 smtp.example ESMTP\r\n')),
    { code: 'PROTOCOL', outcome: 'unknown' },
    ['wait'],
  ],
]

for (const [when, onSocket, expected, phases] of DROPS)
  for (const mode of ['get', 'post'] as const)
    test(`${mode}: a server that drops ${when} is asked once, and the outcome is told`, async () => {
      await using server = await listen(onSocket)
      const result = verdict(
        await attempt('REST', { url: `http://127.0.0.1:${server.port}/`, mode: MODES[mode] }),
      )
      const { phase, ...rest } = result
      assert.deepEqual(rest, {
        ...expected,
        repeatable: expected['code'] === 'PROTOCOL' ? false : REPEATABLE[mode],
      })
      assert.ok(phases.includes(String(phase)), `phase ${String(phase)}`)
      assert.equal(server.connections, 1)
    })

test('a server that resets before anything is sent may do so unnoticed; the outcome is told either way', async () => {
  await using server = await listen(reset)
  const result = verdict(
    await attempt('REST', { url: `http://127.0.0.1:${server.port}/`, mode: MODES.post }),
  )
  const before = { code: 'NOT_REACHABLE', phase: 'connect', outcome: 'none', repeatable: true }
  const afterwards = {
    code: 'OUTCOME_UNKNOWN',
    phase: result['phase'],
    outcome: 'unknown',
    repeatable: false,
  }
  assert.deepEqual(result, result['phase'] === 'connect' ? before : afterwards)
  assert.equal(server.connections, 1)
})

test('a closed port is not reachable, and any class may try again', async () => {
  const port = await closedPort()
  for (const mode of ['get', 'post'] as const)
    assert.deepEqual(
      verdict(await attempt('REST', { url: `http://127.0.0.1:${port}/`, mode: MODES[mode] })),
      {
        code: 'NOT_REACHABLE',
        phase: 'connect',
        outcome: 'none',
        repeatable: true,
      },
    )
})

test('a name that does not resolve is not reachable in phase resolve', async () => {
  const { createPolicy } = await import('../way-out/policy.ts')
  const policy = createPolicy({
    resolve: () => Promise.reject(Object.assign(new Error('no'), { code: 'ENOTFOUND' })),
  })
  const result = await attempt('REST', { url: 'http://none.example/' }, { policy })
  assert.deepEqual(verdict(result), {
    code: 'NOT_REACHABLE',
    phase: 'resolve',
    outcome: 'none',
    repeatable: true,
  })
})

const SILENT: readonly [string, (socket: Socket) => void, object, Record<string, unknown>][] = [
  [
    'total_timeout while waiting',
    () => undefined,
    { total_timeout: 0.2 },
    { code: 'TIMED_OUT', phase: 'wait', outcome: 'unknown' },
  ],
  [
    'read_timeout while waiting',
    () => undefined,
    { read_timeout: 0.2 },
    { code: 'TIMED_OUT', phase: 'wait', outcome: 'unknown' },
  ],
  [
    'read_timeout within the body',
    whenRead((socket) => socket.write('HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf')),
    { read_timeout: 0.2 },
    { code: 'TIMED_OUT', phase: 'receive', outcome: 'unknown' },
  ],
]
for (const [what, onSocket, limits, expected] of SILENT)
  for (const mode of ['get', 'post'] as const)
    test(`${mode}: ${what} ends the attempt`, async () => {
      await using server = await listen(onSocket)
      const input = { url: `http://127.0.0.1:${server.port}/`, mode: MODES[mode], ...limits }
      assert.deepEqual(verdict(await attempt('REST', input)), {
        ...expected,
        repeatable: REPEATABLE[mode],
      })
      await closed(server)
    })

test('connect_timeout ends a TLS handshake that nobody answers, with nothing sent', async () => {
  await using server = await listen()
  const result = await attempt('REST', {
    url: `https://127.0.0.1:${server.port}/`,
    connect_timeout: 0.2,
    mode: MODES.post,
  })
  assert.deepEqual(verdict(result), {
    code: 'TIMED_OUT',
    phase: 'tls',
    outcome: 'none',
    repeatable: true,
  })
  await closed(server)
})

const CANCELS: readonly [string, string, (socket: Socket) => void, string, string][] = [
  ['https', 'in the TLS handshake', () => undefined, 'tls', 'none'],
  ['http', 'while waiting', () => undefined, 'wait', 'unknown'],
  [
    'http',
    'within the body',
    whenRead((socket) => socket.write('HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf')),
    'receive',
    'unknown',
  ],
]
for (const [scheme, when, onSocket, phase, outcome] of CANCELS)
  test(`a cancel ${when} ends the attempt at once and leaves no socket`, async () => {
    const controller = new AbortController()
    const cancel = (): void => void setTimeout(() => controller.abort(), 100)
    await using server = await listen((socket) => {
      onSocket(socket)
      cancel()
    })
    const started = performance.now()
    const result = await attempt(
      'REST',
      { url: `${scheme}://127.0.0.1:${server.port}/` },
      { signal: controller.signal },
    )
    assert.deepEqual(verdict(result), { code: 'CANCELLED', phase, outcome, repeatable: false })
    assert.ok(performance.now() - started < 9_000)
    await closed(server)
  })

test('a cancel while the name is resolved ends the attempt with nothing sent', async () => {
  const { createPolicy } = await import('../way-out/policy.ts')
  const controller = new AbortController()
  const policy = createPolicy({
    resolve: () => {
      queueMicrotask(() => controller.abort())
      return new Promise(() => undefined)
    },
  })
  const result = await attempt(
    'REST',
    { url: 'http://slow.example/' },
    { policy, signal: controller.signal },
  )
  assert.deepEqual(verdict(result), {
    code: 'CANCELLED',
    phase: 'resolve',
    outcome: 'none',
    repeatable: false,
  })
})

async function closed(server: Listener): Promise<void> {
  const deadline = performance.now() + 5_000
  while (server.open > 0) {
    assert.ok(performance.now() < deadline, 'a socket was left open')
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
}

function closedPort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const address = server.address()
      server.close(() =>
        resolve(typeof address === 'object' && address !== null ? address.port : 0),
      )
    })
  })
}
