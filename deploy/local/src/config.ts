import { resolve } from 'node:path'
import type { ServerMemory } from '@millrace/local-postgres'
import { envInt, envStr, ServiceError } from '@millrace/runtime'
import { SERVICES, type ServiceName } from './services.ts'

/** What `make up` was asked for. */
export interface Config {
  /** Absolute; everything that is written lies below it. */
  readonly home: string
  /** Where both doors are reached from here, as it stands in an address. */
  readonly doorHost: string
  readonly httpPort: number
  readonly grpcPort: number
  /** Copies of each service, one at least. */
  readonly copies: Readonly<Record<ServiceName, number>>
  /** Servers to use instead of our own; null: start one. */
  readonly postgresUrl: string | null
  readonly natsUrl: string | null
  /** Of our own Postgres. */
  readonly postgresMemory: ServerMemory
}

export function readConfig(): Config {
  const copies = Object.fromEntries(
    SERVICES.map(({ name, copiesVariable }) => [name, copiesOf(copiesVariable)]),
  ) as Record<ServiceName, number>
  return {
    home: resolve(envStr('MILLRACE_HOME', '.millrace')),
    doorHost: reachedAt(envStr('MILLRACE_HTTP_HOST', '127.0.0.1')),
    httpPort: portOf('MILLRACE_HTTP_PORT', 8_080),
    grpcPort: portOf('MILLRACE_GRPC_PORT', 9_090),
    copies,
    postgresUrl: envStr('MILLRACE_POSTGRES_URL') ?? null,
    natsUrl: envStr('MILLRACE_NATS_URL') ?? null,
    postgresMemory: {
      // What runs is recent and small, and the machine keeps the rest of the pages anyway. More stays
      // taken once it was used; docs/footprint.md says what is known of its speed.
      sharedBuffersMib: envInt('MILLRACE_SHARED_BUFFERS_MIB', 48),
      walBuffersMib: 8,
    },
  }
}

/** The gateway listens on MILLRACE_HTTP_HOST, and on every address where that is a wildcard. */
function reachedAt(host: string): string {
  if (host === '0.0.0.0' || host === '::') return '127.0.0.1'
  return host.includes(':') ? `[${host}]` : host
}

function copiesOf(variable: string): number {
  const copies = envInt(variable, 1)
  if (copies < 1 || copies > 64)
    throw new ServiceError('invalid', `${variable} is ${copies}; from 1 to 64 copies can run`)
  return copies
}

function portOf(variable: string, fallback: number): number {
  const port = envInt(variable, fallback)
  if (port < 1 || port > 65_535)
    throw new ServiceError('invalid', `${variable} is ${port}, which is no port`)
  return port
}
