import type { FastifyReply } from 'fastify'
import { drained } from './drained.ts'

/**
 * Writes YAML documents as they are made. The first is awaited before the head is sent, so that what is
 * wrong with the request is still answered with a problem; what goes wrong later breaks the text off.
 * A slow reader holds up nobody else: the next document is made when the last was taken.
 */
export async function sendDocuments(
  reply: FastifyReply,
  documents: AsyncGenerator<string>,
): Promise<void> {
  const { raw } = reply
  const first = await documents.next()
  reply.hijack()
  raw.writeHead(200, {
    'content-type': 'application/yaml; charset=utf-8',
    'content-disposition': 'attachment; filename="executions.yaml"',
  })
  try {
    for (let next = first; next.done !== true; next = await documents.next()) {
      if (!raw.write(next.value)) await drained(raw)
      if (raw.destroyed) return
    }
  } catch (error) {
    reply.log.warn({ error }, 'an export broke off')
    raw.destroy()
    return
  } finally {
    await documents.return(undefined)
  }
  raw.end()
}
