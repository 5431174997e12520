import type { RecordRequest } from './record-request.ts'

/** A request in words that follow "it asked to": one line, whatever the key is. */
export function recordWords(request: RecordRequest): string {
  const { type } = request
  if (request.action === 'list') return `list ${type}s`
  const record = `${type} ${JSON.stringify(request.key)}`
  return request.action === 'exists' ? `look for ${record}` : `${request.action} ${record}`
}
