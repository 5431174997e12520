import { createParser } from 'eventsource-parser'
import type { ExecutionEvent } from './execution-stream.ts'

/** Server-sent events of a body, as they arrive. `guard` wraps every read. */
export async function* readEvents(
  body: ReadableStream<Uint8Array>,
  guard: <T>(reading: Promise<T>) => Promise<T>,
): AsyncGenerator<ExecutionEvent> {
  const arrived: ExecutionEvent[] = []
  const parser = createParser({
    onEvent: (event) => {
      arrived.push({
        id: event.id ?? null,
        type: event.event ?? 'message',
        data: parseData(event.data),
      })
    },
  })
  const decoder = new TextDecoder()
  const reader = body.getReader()
  try {
    for (;;) {
      const { done, value } = await guard(reader.read())
      if (done) return
      parser.feed(decoder.decode(value, { stream: true }))
      yield* arrived.splice(0)
    }
  } finally {
    // A consumer that stops early lets go of the connection; one that broke is beyond cancelling.
    await reader.cancel().catch(() => undefined)
  }
}

function parseData(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}
