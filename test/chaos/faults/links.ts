import type { Link, Links, Server, StartLinks } from '../row.ts'
import type { Behaviours, Proxy } from './proxy.ts'
import { startProxy } from './proxy.ts'

/** One process and one server, with everything that can happen between them. */
export interface FaultLink extends Link, Proxy {}

export interface FaultLinks extends Links {
  of(process: string, server: Server): FaultLink
  readonly all: readonly FaultLink[]
  /** The links of a service (`engine`) or of one copy (`engine-1`) to a server. */
  between(service: string, server: Server): readonly FaultLink[]
  cut(service: string, server: Server, how: Cut): void
}

/**
 * `drop`: nothing passes, either way; what was sent arrives after healing. `one-way`: requests arrive
 * and are done, no answer comes back. `reset`: connections break at once, and new ones too.
 */
export type Cut = 'drop' | 'one-way' | 'reset'

const CUTS: Readonly<Record<Cut, Behaviours>> = {
  drop: { up: { kind: 'stall' }, down: { kind: 'stall' } },
  'one-way': { down: { kind: 'stall' } },
  reset: { up: { kind: 'reset' }, down: { kind: 'reset' } },
}

/**
 * The end of what a client asks of Postgres at once: Sync of the extended protocol, with which a lone
 * statement commits, or a simple COMMIT.
 */
export const POSTGRES_REQUEST = /S\0\0\0\x04$|COMMIT\0$/

export function upstreamOf(url: string): { host: string; port: number } {
  const { hostname, port } = new URL(url)
  return { host: hostname, port: Number(port) }
}

/** A proxy for each process and server. */
export const startLinks = (async ({ processes, rng, upstream }) => {
  const all: FaultLink[] = []
  for (const process of processes)
    for (const server of ['postgres', 'nats'] as const) {
      const proxy = await startProxy({
        rng,
        upstream: () => upstream(server),
        ...(server === 'nats' && { protocol: server }),
      })
      all.push(Object.assign(proxy, { process, server }))
    }

  const between = (service: string, server: Server): FaultLink[] =>
    all.filter(
      (link) => link.server === server && [link.process, serviceOf(link.process)].includes(service),
    )
  const links: FaultLinks = {
    all,
    between,
    of(process, server) {
      const found = all.find((link) => link.process === process && link.server === server)
      if (found === undefined) throw new Error(`there is no link from ${process} to ${server}`)
      return found
    },
    cut(service, server, how) {
      const found = between(service, server)
      if (found.length === 0) throw new Error(`there is no link from ${service} to ${server}`)
      for (const link of found) link.behave(CUTS[how])
    },
    heal: () => all.forEach((link) => link.heal()),
    async [Symbol.asyncDispose]() {
      await Promise.all(all.map((link) => link[Symbol.asyncDispose]()))
    },
  }
  return links
}) satisfies StartLinks

/** The links of a row, which asked for a proxied stack. */
export function faultLinks(links: Links | null): FaultLinks {
  if (links === null || !('cut' in links)) throw new Error('the row has no proxied stack')
  return links as FaultLinks
}

const serviceOf = (process: string): string => process.replace(/-\d+$/, '')
