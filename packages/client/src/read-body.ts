import type { ApiError } from './api-error.ts'
import { ServerAwayError } from './away-error.ts'
import { toApiError } from './transport.ts'

/** The body of an answer, piece by piece. Where it breaks off it fails with ServerAwayError. */
export function piecesOf({ body, url }: Response): ReadableStream<Uint8Array> {
  if (body === null) return new ReadableStream({ start: (controller) => controller.close() })
  const reader: ReadableStreamDefaultReader<Uint8Array> = body.getReader()
  return new ReadableStream({
    async pull(controller) {
      const { done, value } = await reader.read().catch((error: unknown) => {
        throw new ServerAwayError(url, error)
      })
      if (done) controller.close()
      else controller.enqueue(value)
    },
    cancel: (reason) => reader.cancel(reason),
  })
}

/** The whole of it. Errors: ServerAwayError. */
export const textOf = (response: Response): Promise<string> =>
  response.text().catch((error: unknown) => {
    throw new ServerAwayError(response.url, error)
  })

/** What an answer that is not ok says. Errors: ServerAwayError. */
export const refusalOf = async (response: Response): Promise<ApiError> =>
  toApiError(response, await textOf(response))
