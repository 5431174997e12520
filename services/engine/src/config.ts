import { envInt, envRequired, envStr } from '@millrace/runtime'

export interface EngineConfig {
  readonly postgresUrl: string
  readonly natsUrl: string
  /** Where this engine's gRPC can be reached by the other services; the port is a free one. */
  readonly grpcHost: string
  /** Dispatched executions in hand at most; more wait in the queue for other engines. */
  readonly maxInFlight: number
  /** Suspended executions kept in the sandbox at most. */
  readonly maxWarm: number
  /** An activation that takes longer is claimed. */
  readonly slowMs: number
  /** What is run before it is stored and takes longer is given back: nobody can see it meanwhile. */
  readonly eagerMs: number
  /** Limits of user code; see docs/limits.md. */
  readonly cpuLimitMs: number
  readonly memoryLimitMib: number
  /** Where people reach the gateway, without a slash at its end; default DEFAULT_PUBLIC_URL. */
  readonly publicUrl?: string
}

export const DEFAULT_PUBLIC_URL = 'http://127.0.0.1:8080'

export function readConfig(): EngineConfig {
  return {
    postgresUrl: envRequired('MILLRACE_POSTGRES_URL'),
    natsUrl: envStr('MILLRACE_NATS_URL', 'nats://127.0.0.1:4222'),
    grpcHost: envStr('MILLRACE_INTERNAL_HOST', '127.0.0.1'),
    maxInFlight: envInt('MILLRACE_ENGINE_IN_FLIGHT', 1_024),
    maxWarm: envInt('MILLRACE_ENGINE_WARM', 10_000),
    slowMs: envInt('MILLRACE_ENGINE_SLOW_MS', 20),
    eagerMs: envInt('MILLRACE_ENGINE_EAGER_MS', 500),
    cpuLimitMs: envInt('MILLRACE_CPU_LIMIT_MS', 5_000),
    memoryLimitMib: envInt('MILLRACE_MEMORY_LIMIT_MIB', 128),
    publicUrl: readPublicUrl(),
  }
}

/** As the gateway reads it: a link is made by either. */
function readPublicUrl(): string {
  const port = envInt('MILLRACE_HTTP_PORT', 8080)
  return envStr('MILLRACE_PUBLIC_URL', `http://127.0.0.1:${port}`).replace(/\/+$/, '')
}
