import { type GatewayFixture, type Reply, send } from './gateway-fixture.ts'

/** Founds another workspace through the API; returns its first user's way to ask. */
export async function createWorkspaceFor(
  gateway: GatewayFixture,
  name: string,
): Promise<(method: string, path: string, body?: unknown) => Promise<Reply>> {
  const { json } = await gateway.request('POST', 'workspace', { name })
  const authorization = `Bearer ${String(json['api_key'])}`
  return (method, path, body) => send(gateway.url, method, path, body, { authorization })
}
