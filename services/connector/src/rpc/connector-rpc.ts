import { connectorTypes, testConnector } from '@millrace/connectors'
import { monotonicMs, ServiceError } from '@millrace/runtime'
import { served, type ServedService } from '@millrace/runtime/grpc'
import { connectors } from '@millrace/store'
import { connectorService, type pb } from '@millrace/wire'
import type { ConnectorContext } from '../context.ts'

/** What types there are, and whether a connector reaches its system. */
export function connectorRpc({
  db,
  policy,
}: Pick<ConnectorContext, 'db' | 'policy'>): ServedService {
  return served(connectorService, {
    types: () =>
      Promise.resolve({
        types: connectorTypes().map(({ type, title, modes, schema }) => ({
          name: type,
          title,
          description: modes.map(({ name, description }) => `${name}: ${description}`).join('\n'),
          // A connector keeps any part of the inputs; the call brings the rest.
          valueSchema: { ...schema, required: [] },
          inputSchema: { ...schema },
        })),
      }),

    async test(request) {
      const { connectorType, value } = await connectorOf(request)
      const startedMs = monotonicMs()
      const signal = AbortSignal.any([])
      const probe = await testConnector({ connectorType, value, policy, signal })
      const durationMs = monotonicMs() - startedMs
      return probe.ok
        ? { ok: true, code: undefined, phase: undefined, message: 'reached', durationMs }
        : { ...probe, durationMs }
    },
  })

  async function connectorOf({
    workspaceId,
    connector,
  }: pb.ConnectorServiceTestRequest): Promise<{ connectorType: string; value: unknown }> {
    if (connector?.$case === 'unsaved')
      return { connectorType: connector.value.connectorType, value: connector.value.value ?? {} }
    if (connector?.$case !== 'connectorId')
      throw new ServiceError('invalid', 'connector_id or unsaved is required')
    const row = await connectors.read(db, { workspaceId, id: connector.value })
    if (row === null) throw new ServiceError('notFound', `there is no connector ${connector.value}`)
    return { connectorType: row.connector_type, value: JSON.parse(row.value) as unknown }
  }
}
