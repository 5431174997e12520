import { mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { freePort, randomToken } from '@millrace/runtime'
import type { ChildEnv, Stack } from '../../stack/index.ts'
import { startStack, until } from '../../stack/index.ts'
import { startLinks, upstreamOf } from '../faults/links.ts'
import type { Rng } from '../rng.ts'
import type { Links, Server, StackShape } from '../row.ts'

/** A stack of several copies of each service, proxied when the row wants it. */
export interface ChaosStack extends AsyncDisposable {
  readonly stack: Stack
  readonly links: Links | null
  /** Of all gateways. */
  readonly urls: readonly string[]
}

const OTHERS = ['gateway', 'scheduler', 'lock-manager', 'connector'] as const

export async function startChaosStack(
  shape: StackShape,
  options: { home: string; rng: Rng },
): Promise<ChaosStack> {
  const { home, rng } = options
  const copies = { engines: shape.engines ?? 3, others: shape.others ?? 2 }
  await mkdir(home, { recursive: true })
  const links = shape.proxied === true ? await proxies(home, copies, rng) : null
  const doors = await doorsOf(copies.others)
  const stack = await startStack({
    home,
    engines: copies.engines,
    connectors: copies.others,
    env: {
      GATEWAYS: String(copies.others),
      SCHEDULERS: String(copies.others),
      LOCK_MANAGERS: String(copies.others),
      // Dozens of processes start in a run; what they share is compiled once.
      NODE_COMPILE_CACHE: join(tmpdir(), 'millrace-chaos-compiled'),
      ...shape.env,
    },
    childEnv: merge(merge(doors, await addresses(home, links)), shape.childEnv ?? {}),
  }).catch(async (error: unknown) => {
    await links?.[Symbol.asyncDispose]()
    throw error
  })
  return {
    stack,
    links,
    urls: [
      stack.url,
      ...Object.values(doors).map((env) => `http://127.0.0.1:${env['MILLRACE_HTTP_PORT']}`),
    ],
    [Symbol.asyncDispose]: async () => {
      links?.heal()
      await stack.stop({ keepHome: true }).catch(() => undefined)
      await links?.[Symbol.asyncDispose]()
      await rm(join(home, 'postgres'), { recursive: true, force: true })
    },
  }
}

/** The doors of the gateways after the first, whose are the stack's. */
async function doorsOf(gateways: number): Promise<ChildEnv> {
  const doors: Record<string, Record<string, string>> = {}
  for (let copy = 2; copy <= gateways; copy += 1)
    doors[`gateway-${copy}`] = {
      MILLRACE_HTTP_PORT: String(await freePort()),
      MILLRACE_GRPC_PORT: String(await freePort()),
    }
  return doors
}

async function proxies(
  home: string,
  copies: { engines: number; others: number },
  rng: Rng,
): Promise<Links> {
  // Known beforehand, so that the addresses behind the proxies can be written down.
  await writeFile(join(home, 'postgres-password'), `${randomToken(24)}\n`, { mode: 0o600 })
  const named = (service: string, count: number): string[] =>
    Array.from({ length: count }, (_, index) => `${service}-${index + 1}`)
  return startLinks({
    rng,
    processes: [
      ...named('engine', copies.engines),
      ...OTHERS.flatMap((service) => named(service, copies.others)),
    ],
    upstream: async (server: Server) =>
      upstreamOf(
        await until(
          async () => (await readFile(join(home, 'run', `${server}.url`), 'utf8')).trim(),
          { what: `the address of ${server}` },
        ),
      ),
  })
}

/** Where each process finds its own proxies. */
async function addresses(home: string, links: Links | null): Promise<ChildEnv> {
  if (links === null) return {}
  const password = (await readFile(join(home, 'postgres-password'), 'utf8')).trim()
  const env: Record<string, Record<string, string>> = {}
  for (const { process, server, port } of links.all)
    env[process] = {
      ...env[process],
      ...(server === 'postgres'
        ? { MILLRACE_POSTGRES_URL: `postgres://millrace:${password}@127.0.0.1:${port}/millrace` }
        : { MILLRACE_NATS_URL: `nats://127.0.0.1:${port}` }),
    }
  return env
}

function merge(one: ChildEnv, two: ChildEnv): ChildEnv {
  const names = new Set([...Object.keys(one), ...Object.keys(two)])
  return Object.fromEntries([...names].map((name) => [name, { ...one[name], ...two[name] }]))
}
