import { envInt, envList, envRequired, envStr } from '@millrace/runtime'

export interface ConnectorConfig {
  readonly postgresUrl: string
  readonly natsUrl: string
  /** Where its internal gRPC server listens. */
  readonly grpcHost: string
  /** Private ranges that connections may reach, as CIDR; none by default. */
  readonly allowedRanges: readonly string[]
  /** Connections under way at most; more wait in the queue for other connectors. */
  readonly maxInFlight: number
  /** How long a stopping connector waits for connections before it cuts them off. */
  readonly drainMs: number
}

export function readConfig(): ConnectorConfig {
  return {
    postgresUrl: envRequired('MILLRACE_POSTGRES_URL'),
    natsUrl: envStr('MILLRACE_NATS_URL', 'nats://127.0.0.1:4222'),
    grpcHost: envStr('MILLRACE_INTERNAL_HOST', '127.0.0.1'),
    allowedRanges: envList('MILLRACE_ALLOWED_RANGES'),
    maxInFlight: envInt('MILLRACE_CONNECTOR_IN_FLIGHT', 64),
    drainMs: envInt('MILLRACE_CONNECTOR_DRAIN_MS', 8_000),
  }
}
