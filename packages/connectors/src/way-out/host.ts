import { isIP } from 'node:net'
import { domainToASCII } from 'node:url'

export type Host =
  | { readonly kind: 'address'; readonly address: string }
  | { readonly kind: 'name'; readonly name: string }

/**
 * Reads a host as a person writes it: a name (IDN allowed) or a plain IPv4 or IPv6 literal. Returns a
 * sentence instead when it has a form that other parsers read differently: user info, `%`, `\`, white
 * space, octal, hexadecimal or short IPv4. What is not read the same way everywhere is not dialled.
 */
export function parseHost(text: string): Host | { readonly kind: 'refused'; readonly why: string } {
  const bare = text.startsWith('[') && text.endsWith(']') ? text.slice(1, -1) : text
  if (bare === '') return refused('host is empty')
  if (bare.length > 255) return refused('host is longer than 255 characters')
  if (/[\s\\%@/?#<>"'`{}|^\u0000-\u001F\u007F]/.test(bare))
    return refused(`host ${JSON.stringify(text)} has a character that no host name has`)
  if (isIP(bare) !== 0) return { kind: 'address', address: bare }
  if (bare.includes(':'))
    return refused(
      `host ${JSON.stringify(text)} is neither a name nor an address; give the port apart`,
    )
  const name = domainToASCII(bare).replace(/\.$/, '')
  if (name === '' || !NAME.test(name)) return refused(`host ${JSON.stringify(text)} is not a name`)
  if (ENDS_IN_NUMBER.test(name))
    return refused(
      `host ${JSON.stringify(text)} is a number but not a plain IPv4 address; write four decimal numbers`,
    )
  return { kind: 'name', name: name.toLowerCase() }
}

// Underscores are no host names by the letter, but are in use.
const NAME =
  /^[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?(?:\.[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?)*$/i
// A last label of digits or 0x… is an IPv4 address to some parsers and a name to others.
const ENDS_IN_NUMBER = /(?:^|\.)(?:\d+|0x[0-9a-f]*)$/i

const refused = (why: string) => ({ kind: 'refused', why }) as const
