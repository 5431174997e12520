import { execFile } from 'node:child_process'
import { chmodSync, existsSync, readFileSync } from 'node:fs'
import { promisify } from 'node:util'
import { childEnvironment } from './child-environment.ts'
import type { Config } from './config.ts'
import type { Home } from './home.ts'
import type { ServiceCommand } from './services.ts'
import { writeWhole } from './write-whole.ts'

/** MILLRACE_HOME/credentials.json. */
interface Credentials {
  readonly user_name: string
  readonly password: string
  readonly api_key: string
  readonly url: string
  readonly grpc_url: string
}

export interface CredentialsOptions {
  readonly home: Home
  readonly bootstrap: ServiceCommand
  readonly postgresUrl: string
  /** Our own Postgres: nobody else knows the admin, so lost credentials may be made anew. */
  readonly ownsPostgres: boolean
  readonly doors: Pick<Config, 'doorHost' | 'httpPort' | 'grpcPort'>
}

/**
 * Makes the first admin and writes down how to be it, once. A crash after the admin was made and
 * before the file was whole: the next start asks for new secrets. Returns false when the admin of
 * an outside Postgres exists already and is somebody else's secret.
 */
export async function ensureCredentials(options: CredentialsOptions): Promise<boolean> {
  const { home, doors } = options
  const addresses = {
    url: `http://${doors.doorHost}:${doors.httpPort}`,
    grpc_url: `${doors.doorHost}:${doors.grpcPort}`,
  }
  const known = readCredentials(home)
  const made = await bootstrap(options, { reset: known === null && options.ownsPostgres })
  const secrets = made ?? known
  if (secrets === null) return false
  const { user_name, password, api_key } = secrets
  const wanted: Credentials = { user_name, password, api_key, ...addresses }
  const text = `${JSON.stringify(wanted, null, 2)}\n`
  // Addresses may differ from last time's; the rest is written once.
  if (!existsSync(home.credentials) || readFileSync(home.credentials, 'utf8') !== text)
    writeWhole(home.credentials, text, 0o600)
  chmodSync(home.credentials, 0o600)
  return true
}

type Secrets = Pick<Credentials, 'user_name' | 'password' | 'api_key'>

function readCredentials(home: Home): Secrets | null {
  try {
    const read = JSON.parse(readFileSync(home.credentials, 'utf8')) as Partial<Secrets>
    return isWhole(read) ? read : null
  } catch {
    return null // absent, or half of one
  }
}

async function bootstrap(
  { bootstrap: { command, args }, postgresUrl }: CredentialsOptions,
  { reset }: { reset: boolean },
): Promise<Secrets | null> {
  const env = childEnvironment({
    MILLRACE_POSTGRES_URL: postgresUrl,
    MILLRACE_BOOTSTRAP_RESET: String(reset),
  })
  const { stdout } = await promisify(execFile)(command, [...args], { env })
  const printed = JSON.parse(stdout.trim().split('\n').at(-1) ?? '{}') as Partial<Secrets>
  return isWhole(printed) ? printed : null
}

const isWhole = (secrets: Partial<Secrets>): secrets is Secrets =>
  [secrets.user_name, secrets.password, secrets.api_key].every((value) => typeof value === 'string')
