import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** Where things lie below MILLRACE_HOME. Tools and tests rely on these places. */
export interface Home {
  readonly path: string
  readonly postgres: string
  readonly postgresPassword: string
  readonly nats: string
  readonly credentials: string
  /** Variables of single children, written by whoever wants them; see child-environment.ts. */
  readonly childEnvironment: string
  readonly log: (service: string) => string
  /** The pid alone, for `kill -9 $(cat …)`. */
  readonly pid: (name: string) => string
  /** Which process that is, so that no later one of the same number is taken for it. */
  readonly identity: (name: string) => string
  readonly run: string
}

export function openHome(path: string): Home {
  const run = join(path, 'run')
  for (const folder of [run, join(path, 'log'), join(path, 'nats')])
    mkdirSync(folder, { recursive: true })
  // A home inside a checkout stays out of its history, whatever it is called.
  writeFileSync(join(path, '.gitignore'), '*\n')
  return {
    path,
    postgres: join(path, 'postgres'),
    postgresPassword: join(path, 'postgres-password'),
    nats: join(path, 'nats'),
    credentials: join(path, 'credentials.json'),
    childEnvironment: join(path, 'child-env.json'),
    log: (service) => join(path, 'log', `${service}.log`),
    pid: (name) => join(run, `${name}.pid`),
    identity: (name) => join(run, `${name}.json`),
    run,
  }
}
