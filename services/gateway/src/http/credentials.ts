import type { FastifyRequest } from 'fastify'
import { ServiceError } from '@millrace/runtime'

export const SESSION_COOKIE = 'millrace_session'

/** The credential of a request: the header, with or without "Bearer", or the session cookie. */
export function credentialOf(request: FastifyRequest): string | null {
  const header = request.headers.authorization
  if (header !== undefined && header.trim() !== '') {
    const secret = /^bearer /i.test(header) ? header.slice(7).trim() : header.trim()
    return secret === '' ? null : secret
  }
  const cookie = cookieOf(request.headers.cookie)
  if (cookie !== null) checkOrigin(request)
  return cookie
}

/** The cookie that a login sets; Secure behind TLS. */
export function sessionCookie(token: string, maxAgeSeconds: number, secure: boolean): string {
  const attributes = ['Path=/', 'HttpOnly', 'SameSite=Lax', `Max-Age=${maxAgeSeconds}`]
  if (secure) attributes.push('Secure')
  return [`${SESSION_COOKIE}=${token}`, ...attributes].join('; ')
}

function cookieOf(header: string | undefined): string | null {
  for (const part of header?.split(';') ?? []) {
    const [name, value] = part.split('=', 2)
    if (name?.trim() === SESSION_COOKIE && value !== undefined && value !== '') return value.trim()
  }
  return null
}

/** A cookie comes along by itself: another site's page must not change anything with it. */
function checkOrigin(request: FastifyRequest): void {
  if (request.method === 'GET' || request.method === 'HEAD') return
  const { origin, host } = request.headers
  if (origin === undefined || origin.replace(/^https?:\/\//, '') === host) return
  throw new ServiceError(
    'forbidden',
    `A session cookie is not accepted from ${origin}. Send a token.`,
  )
}
