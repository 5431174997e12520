/** No answer came: the server is not there, or the connection broke, after all tries. */
export class ServerAwayError extends Error {
  override readonly name = 'ServerAwayError'
  readonly url: string
  /** No connection came about: the server has seen nothing of the request. */
  readonly isUnsent: boolean

  constructor(url: string, cause: unknown) {
    super(`no answer from ${url} (${reasonOf(cause)})`, { cause })
    this.url = url
    this.isUnsent = isConnectFailure(cause)
  }
}

/** Of an AggregateError every address must have failed so. What cannot be told counts as sent. */
function isConnectFailure(error: unknown): boolean {
  if (!(error instanceof Error)) return false
  if (error instanceof AggregateError && error.errors.length > 0)
    return error.errors.every(isConnectFailure)
  if (error.cause instanceof Error) return isConnectFailure(error.cause)
  const { code, syscall } = error as { readonly code?: unknown; readonly syscall?: unknown }
  return syscall === 'connect' || syscall === 'getaddrinfo' || code === 'UND_ERR_CONNECT_TIMEOUT'
}

/** The time that the caller gave is up. What was asked for may still happen. */
export class TimedOutError extends Error {
  override readonly name = 'TimedOutError'
}

/** fetch says "fetch failed" and hides why in its cause; an AggregateError hides it one level deeper. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  if (error instanceof AggregateError && error.errors.length > 0) return reasonOf(error.errors[0])
  if (error.cause instanceof Error) return reasonOf(error.cause)
  const code = 'code' in error && typeof error.code === 'string' ? error.code : null
  return code === null || error.message.includes(code)
    ? error.message
    : `${code} ${error.message}`.trim()
}
