import { createServer } from 'node:net'
import { monotonicMs, sleep } from '@millrace/runtime'
import type { Stack } from '../../stack/index.ts'
import { signal } from '../../stack/processes.ts'
import type { Server } from '../row.ts'
import { natsUrl, withNats } from './nats.ts'
import { postgresAccepts, postgresUrl } from './postgres.ts'
import { descendantsOf, freeze } from './process.ts'

interface OutageOptions {
  readonly forMs: number
  readonly abort?: AbortSignal
  /** While it is away; the outage lasts until this resolves, too. */
  readonly meanwhile?: () => Promise<unknown>
}

/**
 * A server is away for a while. `gone`: it has died, and whoever connects is cut off. `silent`: it stands
 * still, as behind a network that loses everything. Resolves when it takes connections again.
 */
export async function outage(
  stack: Stack,
  server: Server,
  how: 'gone' | 'silent',
  options: OutageOptions,
): Promise<void> {
  if (how === 'silent') await silence(stack, server, options)
  else await keepAway(stack, server, options)
  await accepts(stack, server)
}

async function silence(stack: Stack, server: Server, options: OutageOptions): Promise<void> {
  const { forMs, abort, meanwhile } = options
  const [pid] = stack.pidsOf(server)
  if (pid === undefined) throw new Error(`there is no ${server} to stop`)
  await Promise.all([freeze([pid, ...descendantsOf(pid)], forMs, abort), meanwhile?.()])
}

/** Dead, and its port is somebody else's: whatever the supervisor starts in its place ends at once. */
export async function keepAway(
  stack: Stack,
  server: Server,
  options: OutageOptions,
): Promise<void> {
  const { forMs, abort, meanwhile } = options
  const { hostname, port } = new URL(server === 'nats' ? natsUrl(stack) : postgresUrl(stack.home))
  const away = await takePort(stack, server, { host: hostname, port: Number(port) })
  try {
    await Promise.all([sleep(forMs, abort).catch(() => undefined), meanwhile?.()])
  } finally {
    await away()
  }
}

/** Kills it until its port is free for a moment, and takes that. Answers with what gives it back. */
async function takePort(
  stack: Stack,
  server: Server,
  place: { host: string; port: number },
): Promise<() => Promise<void>> {
  // A crash of Postgres as M11 has it: its children end with it, and its memory is given back.
  const how = server === 'postgres' ? 'SIGQUIT' : 'SIGKILL'
  const holder = createServer((socket) => {
    socket.on('error', () => undefined)
    socket.resetAndDestroy()
  })
  const deadline = monotonicMs() + TAKE_WITHIN_MS
  for (;;) {
    for (const pid of stack.pidsOf(server)) signal(pid, how)
    const taken = await new Promise<boolean>((resolve) => {
      holder.once('error', () => resolve(false))
      holder.once('listening', () => resolve(true))
      holder.listen({ ...place, exclusive: true })
    })
    for (const event of ['error', 'listening']) holder.removeAllListeners(event)
    if (taken) break
    if (monotonicMs() > deadline) throw new Error(`the port of ${server} cannot be had`)
    await sleep(2)
  }
  return () =>
    new Promise((resolve) => {
      holder.close(() => resolve())
    })
}

const TAKE_WITHIN_MS = 20_000

/** The supervisor waits up to 10 s between two starts of what ends at once. */
function accepts(stack: Stack, server: Server): Promise<void> {
  return server === 'nats'
    ? withNats(natsUrl(stack), () => Promise.resolve())
    : postgresAccepts(postgresUrl(stack.home))
}
