import type { Json } from '@millrace/replay'
import { InvalidInputError } from './exceptions.ts'
import { textOf } from './arguments.ts'

/**
 * The inputs of a REST connection that call this address. What follows `#` stays with the caller, and
 * is left out.
 */
export function splitUrl(url: unknown): Record<string, Json> {
  const text = textOf('system.splitUrl', 'url', url).trim()
  const parts = ABSOLUTE_URL.exec(text)
  if (parts === null)
    throw new InvalidInputError(
      'system.splitUrl: url must begin with https:// or http:// and have a host',
    )
  const [, scheme = '', user, host = '', port, path = '', query] = parts
  if (port !== undefined && Number(port) > 65_535)
    throw new InvalidInputError('system.splitUrl: the port of url must be at most 65535')
  const [name = '', ...password] = (user ?? '').split(':')
  return {
    scheme: scheme.toLowerCase(),
    host: host.replaceAll(/^\[|\]$/g, '').toLowerCase(),
    ...(port !== undefined && port !== '' && { port: Number(port) }),
    path: path === '' ? '/' : path,
    query: query === undefined ? [] : queryOf(query),
    ...(user !== undefined &&
      user !== '' && {
        authentication: {
          authentication_method: 'basic',
          username: decoded(name),
          password: decoded(password.join(':')),
        },
      }),
  }
}

/** Scheme, user info, host, port, path, query; each without what separates it. */
const ABSOLUTE_URL =
  /^(https?):\/\/(?:([^/?#@]*)@)?(\[[0-9a-f:.]+\]|[^/?#@:[\]\s]+)(?::(\d*))?(\/[^?#]*)?(?:\?([^#]*))?(?:#.*)?$/is

function queryOf(query: string): Json[] {
  return query
    .split('&')
    .filter((pair) => pair !== '')
    .map((pair) => {
      const [name = '', ...value] = pair.replaceAll('+', ' ').split('=')
      return { name: decoded(name), value: decoded(value.join('=')) }
    })
}

/** What is not encoded well stands for itself, as in every browser. */
function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}
