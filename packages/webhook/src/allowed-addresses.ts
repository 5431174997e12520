import ipaddr from 'ipaddr.js'

/** An address or CIDR of `allow_from`, with IPv4 in IPv6 (`::ffff:10.0.0.0/104`) as the IPv4 it is. */
export interface AddressRange {
  readonly address: ipaddr.IPv4 | ipaddr.IPv6
  readonly bits: number
}

/** Reads `203.0.113.7`, `10.0.0.0/8`, `2001:db8::/32`. A sentence that follows the field's name, if it is none. */
export function parseAddressRange(text: string): AddressRange | string {
  const [host = '', bitsText, ...rest] = text.split('/')
  const parsed = parseAddress(host)
  if (parsed === null || rest.length > 0)
    return `must be an address or a CIDR such as 203.0.113.7, 10.0.0.0/8 or 2001:db8::/32`
  const max = parsed.kind() === 'ipv4' ? 32 : 128
  if (bitsText !== undefined && (!/^\d{1,3}$/.test(bitsText) || Number(bitsText) > max))
    return `must have 0 to ${max} bits after the slash`
  const bits = bitsText === undefined ? max : Number(bitsText)
  const network = maskOf(parsed, bits)
  if (network.toString() !== parsed.toString())
    return `names a host inside of a network; write ${network.toString()}/${bits} for the network or ${parsed.toString()} for the host`
  return unmapped({ address: parsed, bits })
}

/**
 * Whether a call from that address is permitted. No ranges permit everybody; with ranges, an address
 * that cannot be read is nobody's. The address is that of the socket, or of the forwarding header of
 * a proxy that is known: whoever calls this decides which.
 */
export function isAllowedAddress(address: string | undefined, ranges: readonly string[]): boolean {
  if (ranges.length === 0) return true
  // A link-local peer comes with the name of our interface, which no range can know.
  const parsed = parseAddress((address ?? '').replace(/%.*$/, ''))
  if (parsed === null) return false
  const caller = unmapped({ address: parsed, bits: 0 }).address
  return ranges.some((text) => {
    const range = parseAddressRange(text)
    return (
      typeof range !== 'string' &&
      maskOf(caller, range.bits).toString() === range.address.toString()
    )
  })
}

/** Dotted decimal or IPv6, and none of the shorter forms that other parsers read differently. */
function parseAddress(text: string): ipaddr.IPv4 | ipaddr.IPv6 | null {
  if (ipaddr.IPv4.isValidFourPartDecimal(text)) return ipaddr.IPv4.parse(text)
  if (!text.includes(':') || text.includes('%') || !ipaddr.IPv6.isValid(text)) return null
  // The library takes this form for IPv4 in IPv6, which only ::ffff: is.
  const compatible = /^::(\d+\.\d+\.\d+\.\d+)$/.exec(text)?.[1]
  return compatible === undefined
    ? ipaddr.IPv6.parse(text)
    : new ipaddr.IPv6([...ZEROS, ...ipaddr.IPv4.parse(compatible).octets])
}

const ZEROS: readonly number[] = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]

function unmapped({ address, bits }: AddressRange): AddressRange {
  return address instanceof ipaddr.IPv6 && address.isIPv4MappedAddress()
    ? { address: address.toIPv4Address(), bits: Math.max(0, bits - 96) }
    : { address, bits }
}

/** The address with everything behind the first `bits` bits cleared. */
function maskOf(address: ipaddr.IPv4 | ipaddr.IPv6, bits: number): ipaddr.IPv4 | ipaddr.IPv6 {
  const bytes = address.toByteArray().map((byte, index) => {
    const kept = Math.min(8, Math.max(0, bits - index * 8))
    return byte & (0xff << (8 - kept)) & 0xff
  })
  return ipaddr.fromByteArray(bytes)
}
