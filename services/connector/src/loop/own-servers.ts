import { addressesOf, type ServerAddress } from '@millrace/connectors'
import { type Logger, type Loop, loop } from '@millrace/runtime'
import { type Database, liveProcesses } from '@millrace/store'
import type { ConnectorConfig } from '../config.ts'

/** Where this installation's own servers listen: never reached by a connection. */
export interface OwnServers {
  readonly list: () => readonly ServerAddress[]
  readonly refresh: Loop
}

/** Resolves once Postgres and NATS are known: before anything may be dialled. */
export async function ownServers(
  config: ConnectorConfig,
  db: Database,
  log: Logger,
): Promise<OwnServers> {
  let known = await fixedOf(config)
  return {
    list: () => known,
    refresh: loop('own servers', {
      async run() {
        known = [...(await fixedOf(config)), ...(await addressesOf(await rpcUrls(db), 0))]
        return EVERY_MS
      },
      onError: (error, { retryMs }) =>
        log.warn({ error, retryMs }, 'the addresses of our own servers are not up to date'),
    }),
  }
}

const EVERY_MS = 5_000

const natsUrls = (servers: string): string[] =>
  servers.split(',').map((server) => (server.includes('://') ? server : `nats://${server.trim()}`))

const fixedOf = async (config: ConnectorConfig): Promise<readonly ServerAddress[]> => [
  ...(await addressesOf([config.postgresUrl], 5_432)),
  ...(await addressesOf(natsUrls(config.natsUrl), 4_222)),
]

async function rpcUrls(db: Database): Promise<string[]> {
  const processes = await liveProcesses(db)
  return processes.flatMap(({ address }) => (address === null ? [] : [`grpc://${address}`]))
}
