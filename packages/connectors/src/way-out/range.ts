import ipaddr from 'ipaddr.js'

export interface Range {
  readonly address: ipaddr.IPv4 | ipaddr.IPv6
  readonly bits: number
  readonly port: number | null
}

/**
 * Reads `10.0.0.0/8`, `10.1.2.3`, `10.0.0.0/8:443`, `fd00::/8`, `[fd00::/8]:443`. Throws RangeError.
 */
export function parseRange(text: string): Range {
  const match = /^\[([^\]]+)\](?::(\d+))?$|^([^:]+):(\d+)$|^(.+)$/.exec(text.trim())
  const cidr = match?.[1] ?? match?.[3] ?? match?.[5]
  const port = match?.[2] ?? match?.[4]
  if (cidr === undefined) throw new RangeError(`allowed range ${JSON.stringify(text)} is empty`)
  try {
    const [address, bits] = cidr.includes('/') ? ipaddr.parseCIDR(cidr) : single(cidr)
    return { address, bits, port: port === undefined ? null : Number(port) }
  } catch (cause) {
    throw new RangeError(`allowed range ${JSON.stringify(text)} is not a CIDR`, { cause })
  }
}

function single(text: string): [ipaddr.IPv4 | ipaddr.IPv6, number] {
  const address = ipaddr.parse(text)
  return [address, address.kind() === 'ipv4' ? 32 : 128]
}
