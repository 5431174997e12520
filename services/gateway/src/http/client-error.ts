import type { Socket } from 'node:net'

/** Answers what is no HTTP request, or one whose head never ends; then the connection is of no more use. */
export function onClientError(error: Error & { readonly code?: string }, socket: Socket): void {
  if (error.code === 'ECONNRESET' || socket.destroyed) return
  const [status, title, detail] = ANSWERS[error.code ?? ''] ?? MALFORMED
  const body = JSON.stringify({ type: 'about:blank', title, status, detail })
  // What is being read of it ends here, too: who waits for its close must not wait for the other side.
  socket.write(
    [
      `HTTP/1.1 ${status} ${title}`,
      'Content-Type: application/problem+json; charset=utf-8',
      `Content-Length: ${Buffer.byteLength(body)}`,
      'Connection: close',
      '',
      body,
    ].join('\r\n'),
  )
  socket.destroySoon()
}

type Answer = readonly [status: number, title: string, detail: string]

const MALFORMED: Answer = [400, 'Malformed request', 'This is no HTTP request.']
const ANSWERS: Readonly<Record<string, Answer>> = {
  HPE_HEADER_OVERFLOW: [
    431,
    'Head too large',
    'The address and the headers are too long. Ask for less at once.',
  ],
  ERR_HTTP_REQUEST_TIMEOUT: [408, 'Too slow', 'The request did not come to its end in time.'],
}
