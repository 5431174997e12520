import { lookup } from 'node:dns/promises'
import { isIP } from 'node:net'
import { networkInterfaces } from 'node:os'
import { monotonicMs } from '@millrace/runtime'
import ipaddr from 'ipaddr.js'
import { parseRange, type Range } from './range.ts'
import { sharedLookups } from './shared-lookups.ts'

/** Which addresses attempts of one workspace may reach. Judged on the address that is dialled. */
export interface Policy {
  /** A sentence why `address` may not be dialled on `port`, or null. */
  refusal(address: string, port: number): string | null
  /** All addresses of a name, in the order in which to try them. Throws what the resolver throws. */
  resolve(name: string): Promise<readonly string[]>
  /** Whether `tls.verify: false` may be used. */
  readonly allowUnverifiedTls: boolean
}

/** An address and a port; the address as a literal. */
export interface ServerAddress {
  readonly address: string
  readonly port: number
}

export interface PolicyOptions {
  /** Ranges that may be reached although they are private: `10.0.0.0/8`, `127.0.0.0/8:8080`. */
  readonly allowedRanges?: readonly string[]
  /** What is never reached, though its range be allowed: the installation's own servers. */
  readonly forbidden?: () => readonly ServerAddress[]
  readonly allowUnverifiedTls?: boolean
  readonly resolve?: (name: string) => Promise<readonly string[]>
}

/**
 * Everything but global unicast is refused unless a range allows it. Throws `RangeError` for an
 * allowed range that cannot be read: a typing error must not open or close more than was meant.
 */
export function createPolicy(options: PolicyOptions = {}): Policy {
  const ranges = (options.allowedRanges ?? []).map(parseRange)
  const forbidden = options.forbidden ?? (() => [])
  return {
    refusal(address, port) {
      const parsed = canonical(address)
      if (parsed === null) return `${address} is not an address`
      if (forbidden().some((own) => own.port === port && isSameMachine(own.address, parsed)))
        return `${address}:${port} belongs to this installation itself`
      if (isGlobal(parsed)) return null
      if (ranges.some((range) => contains(range, parsed, port))) return null
      return `${address} is not a public address (${parsed.range()}) and no allowed range contains it`
    },
    resolve: sharedLookups(options.resolve ?? resolveBySystem, monotonicMs),
    allowUnverifiedTls: options.allowUnverifiedTls ?? true,
  }
}

/** The address as it is routed: IPv4 inside IPv6 is judged as IPv4. */
function canonical(address: string): ipaddr.IPv4 | ipaddr.IPv6 | null {
  if (!ipaddr.isValid(address) || address.includes('%')) return null
  if (ipaddr.IPv4.isValid(address) && !ipaddr.IPv4.isValidFourPartDecimal(address)) return null
  return ipaddr.process(address)
}

function isGlobal(address: ipaddr.IPv4 | ipaddr.IPv6): boolean {
  if (address.range() !== 'unicast') return false
  // Of IPv6 only 2000::/3 is in use; the rest of the space may become anything.
  return address instanceof ipaddr.IPv4 || address.match(GLOBAL_IPV6, 3)
}
const GLOBAL_IPV6 = ipaddr.IPv6.parse('2000::')

function contains(range: Range, address: ipaddr.IPv4 | ipaddr.IPv6, port: number): boolean {
  if (range.port !== null && range.port !== port) return false
  return address.kind() === range.address.kind() && address.match(range.address, range.bits)
}

/** A server bound to any address of this machine is reached by all of them. */
function isSameMachine(own: string, address: ipaddr.IPv4 | ipaddr.IPv6): boolean {
  const parsed = canonical(own)
  if (parsed === null) return false
  if (parsed.toString() === address.toString()) return true
  return isOwn(parsed) && isOwn(address)
}

function isOwn(address: ipaddr.IPv4 | ipaddr.IPv6): boolean {
  if (address.range() === 'loopback' || address.range() === 'unspecified') return true
  const text = address.toString()
  return Object.values(networkInterfaces()).some((list) =>
    list?.some((entry) => canonical(entry.address)?.toString() === text),
  )
}

/** Where the servers of these URLs listen, for `forbidden`. What cannot be resolved now is left out. */
export async function addressesOf(
  urls: readonly string[],
  defaultPort: number,
): Promise<ServerAddress[]> {
  const found = await Promise.all(
    urls.map(async (text) => {
      const url = URL.parse(text)
      if (url === null) return []
      const host = url.hostname.replaceAll(/^\[|\]$/g, '')
      const port = url.port === '' ? defaultPort : Number(url.port)
      const addresses = isIP(host) === 0 ? await resolveBySystem(host).catch(() => []) : [host]
      return addresses.map((address) => ({ address, port }))
    }),
  )
  return found.flat()
}

async function resolveBySystem(name: string): Promise<readonly string[]> {
  if (name === 'localhost' || name.endsWith('.localhost')) return ['127.0.0.1', '::1']
  const found = await lookup(name, { all: true, order: 'verbatim' })
  return found.map((entry) => entry.address)
}
