import { type InputProblem, invalid, missing } from '../inputs/input-problem.ts'
import { parseHost } from '../way-out/host.ts'
import type { RestInput } from './rest-input.ts'

/** The address of the first request, or what is wrong with it. */
export function restUrl(input: RestInput): URL | InputProblem {
  const url = input.url === undefined ? fromParts(input) : fromText(input.url)
  if (!(url instanceof URL)) return url
  for (const { name, value } of input.query) url.searchParams.append(name, String(value))
  if (
    input.authentication.authentication_method === 'api_key' &&
    input.authentication.in === 'query'
  )
    url.searchParams.append(input.authentication.name, input.authentication.value)
  url.hash = ''
  return url
}

function fromText(text: string): URL | InputProblem {
  if (text.trim() === '')
    return invalid('/url', 'is empty; give the address to call, such as https://example.com/')
  const match = /^(https?):\/\/([^/?#]*)/i.exec(text.trim())
  if (match === null) return invalid('/url', 'must begin with https:// or http://')
  const authority = match[2] ?? ''
  if (authority.includes('@'))
    return invalid('/url', 'must not carry user info; use authentication')
  const portAt = /:(\d*)$/.exec(authority)
  const host = parseHost(portAt === null ? authority : authority.slice(0, portAt.index))
  if (host.kind === 'refused') return invalid('/url', host.why)
  return URL.parse(text.trim()) ?? invalid('/url', 'is not a URL')
}

function fromParts(input: RestInput): URL | InputProblem {
  if (input.host === undefined) return missing('/url', 'url or host is required')
  const host = parseHost(input.host)
  if (host.kind === 'refused') return invalid('/host', host.why)
  const name =
    host.kind === 'name'
      ? host.name
      : host.address.includes(':')
        ? `[${host.address}]`
        : host.address
  const path = [input.base_path, input.path]
    .filter((part) => part !== undefined && part !== '')
    .map((part) => part?.replace(/^\/+/, ''))
    .map((part, index, all) => (index < all.length - 1 ? part?.replace(/\/+$/, '') : part))
    .join('/')
  const port = input.port === undefined ? '' : `:${input.port}`
  return (
    URL.parse(`${input.scheme}://${name}${port}/${path}`) ??
    invalid('/path', 'is not a path of a URL')
  )
}
