import { ADMISSION_DEFAULTS, type AdmissionLimits } from './admission.ts'
import { envInt, envList, envRequired, envStr } from '@millrace/runtime'

/** What the gateway takes from its environment. */
export interface Config {
  readonly postgresUrl: string
  readonly natsUrl: string
  readonly http: { readonly host: string; readonly port: number }
  readonly grpc: { readonly host: string; readonly port: number }
  /** Connections for accepting executions and for reading their ends; more only shifts the queue. */
  readonly hotConnections: number
  readonly apiConnections: number
  /** Where people reach the API, as a proxy in front may have it; default: its own address. */
  readonly publicUrl?: string | null
  /** From when on it refuses new executions for load; default `ADMISSION_DEFAULTS`. */
  readonly admission?: AdmissionLimits
  /** Addresses and CIDRs of proxies whose X-Forwarded-For says who calls; default none. */
  readonly trustedProxies?: readonly string[]
}

export function readConfig(): Config {
  const host = envStr('MILLRACE_HTTP_HOST', '127.0.0.1')
  return {
    postgresUrl: envRequired('MILLRACE_POSTGRES_URL'),
    natsUrl: envStr('MILLRACE_NATS_URL', 'nats://127.0.0.1:4222'),
    http: { host, port: envInt('MILLRACE_HTTP_PORT', 8080) },
    grpc: { host, port: envInt('MILLRACE_GRPC_PORT', 9090) },
    hotConnections: envInt('MILLRACE_HOT_CONNECTIONS', 4),
    apiConnections: envInt('MILLRACE_API_CONNECTIONS', 8),
    publicUrl: envStr('MILLRACE_PUBLIC_URL', '').replace(/\/+$/, '') || null,
    trustedProxies: envList('MILLRACE_TRUSTED_PROXIES'),
    admission: {
      rows: envInt('MILLRACE_CREATE_QUEUE_ROWS', ADMISSION_DEFAULTS.rows),
      ageMs: envInt('MILLRACE_CREATE_QUEUE_MS', ADMISSION_DEFAULTS.ageMs),
      busyMs: envInt('MILLRACE_BUSY_MS', ADMISSION_DEFAULTS.busyMs),
      bodyBytes:
        envInt('MILLRACE_CREATE_QUEUE_MIB', ADMISSION_DEFAULTS.bodyBytes / 1_048_576) * 1_048_576,
      waiting: envInt('MILLRACE_WAITING_REQUESTS', ADMISSION_DEFAULTS.waiting),
    },
  }
}
