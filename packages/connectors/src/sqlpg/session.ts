import type { Socket } from 'node:net'
import pg from 'pg'
import type { Attempt } from '../attempt.ts'
import { ConnectionFailure } from '../failure.ts'
import { unlessAborted } from '../way-out/dial.ts'
import { dialledSocket } from '../way-out/dialled-socket.ts'
import { openStream } from './open-stream.ts'
import { createPacketFilter, type PacketFilter } from './packet-filter.ts'
import type { SqlPgInput } from './sqlpg-input.ts'
import { valueParser } from './value-parser.ts'

/** A connection on which the log in is done. */
export interface Session {
  readonly client: PgClient
  /** Through which everything comes that the client reads. */
  readonly packets: PacketFilter
  /** Where it is connected to, for the cancel request. */
  readonly address: { readonly host: string; readonly port: number }
  /** Ends the connection at once; the server rolls back what is not committed. */
  destroy(): void
  /** Ends it politely, without waiting. */
  end(): void
}

/** What pg's client offers beyond its declaration. */
export type PgClient = pg.Client & {
  readonly processID: number
  readonly secretKey: number
  readonly connection: {
    on<Message>(event: string, listener: (message: Message) => void): void
    off<Message>(event: string, listener: (message: Message) => void): void
    prependListener(event: string, listener: () => void): void
    close(what: { type: 'P'; name: string }): void
    sync(): void
  }
}

/** Connects and logs in. Throws ConnectionFailure or pg's own errors. */
export async function openSession(
  input: SqlPgInput,
  attempt: Attempt,
  signal: AbortSignal,
): Promise<Session> {
  const stream = await openStream(
    { host: input.host, port: input.port },
    input.tls,
    attempt,
    signal,
  )
  const address = {
    host: stream.remoteAddress ?? input.host,
    port: stream.remotePort ?? input.port,
  }
  const packets = createPacketFilter()
  const client = createClient(input, dialledSocket(stream, packets.take))
  const session: Session = {
    client,
    packets,
    address,
    destroy: () => stream.destroy(),
    end: () => {
      // The far side may be gone already; there is nobody left to tell.
      client.end().catch(() => undefined)
    },
  }
  attempt.enter('authenticate')
  try {
    await unlessAborted(client.connect(), signal)
    await unlessAborted(client.query(SETTINGS, settingsOf(input, attempt)), signal)
  } catch (error) {
    session.destroy()
    throw error
  }
  return session
}

function createClient(input: SqlPgInput, stream: Socket): PgClient {
  const isPlain = input.tls.tls_mode === 'off'
  const { username } = input.authentication
  const password = 'password' in input.authentication ? input.authentication.password : ''
  const client = new pg.Client({
    user: username,
    database: input.database ?? username,
    host: input.host,
    port: input.port,
    // A function, because pg fills an absent password from files and the environment.
    password: () => password,
    ssl: false,
    stream: () => stream,
    application_name: input.application_name,
    client_encoding: 'utf8',
    types: { getTypeParser: valueParser as typeof pg.types.getTypeParser },
  }) as PgClient
  // Before pg's own listener, which answers: the throw keeps it from that and ends the connection.
  client.connection.prependListener('authenticationCleartextPassword', () => {
    if (isPlain)
      throw new ConnectionFailure(
        'AUTHENTICATION_FAILED',
        'The server asks for the password in clear text on a connection without TLS. Set tls.tls_mode to start_tls.',
        { outcome: 'none' },
      )
  })
  // Errors reach the query under way; without a listener they would end the process as well.
  client.on('error', () => undefined)
  return client
}

const SETTINGS = `SELECT set_config('datestyle', 'ISO, MDY', false), set_config('intervalstyle', 'iso_8601', false),
  set_config('bytea_output', 'hex', false), set_config('statement_timeout', $1, false),
  set_config('default_transaction_isolation', $2, false),
  set_config('search_path', coalesce($3, current_setting('search_path')), false)`

function settingsOf(input: SqlPgInput, attempt: Attempt): (string | null)[] {
  // A net behind our own cancel: the server stops by itself when we cannot tell it to.
  const ownMs = attempt.remainingMs() + 1_000
  const limitMs =
    input.statement_timeout === undefined ? ownMs : Math.min(ownMs, input.statement_timeout * 1_000)
  return [
    String(Math.ceil(limitMs)),
    input.isolation_level.toLowerCase(),
    input.search_path ?? null,
  ]
}
