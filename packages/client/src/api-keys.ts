import { createShownOnce, type ShownOnce } from './records.ts'
import type { ApiKey, NewApiKey } from './record-types.ts'
import type { Transport } from './transport.ts'

export interface ApiKeys extends ShownOnce<ApiKey, NewApiKey> {
  /** Withdraws it, for good. */
  delete(id: string): Promise<void>
}

export function createApiKeys(transport: Transport): ApiKeys {
  return {
    ...createShownOnce<ApiKey, NewApiKey>(transport, 'api_key'),
    async delete(id) {
      await transport.send({ method: 'DELETE', path: `/api_key/${encodeURIComponent(id)}` })
    },
  }
}
