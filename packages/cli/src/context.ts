import { createClient, type Client } from '@millrace/client'
import type { Deps } from './deps.ts'
import { EXIT, type ExitCode } from './exit-code.ts'
import { findServer, type Server } from './find-server.ts'

/** What every command has at hand. */
export interface Context {
  readonly deps: Deps
  /** As the API's own document, or for people. */
  readonly format: 'json' | 'table'
  /** `--profile`, if given. */
  readonly profile: string | null
  exitCode: ExitCode
  server(): Promise<Server>
  client(): Promise<Client>
  /** Prints the document itself with `-o json`, otherwise what `render` makes of it. */
  print(document: unknown, render: () => string): void
}

export function createContext(deps: Deps, options: () => Record<string, unknown>): Context {
  let found: Promise<Server> | null = null
  const context: Context = {
    deps,
    get format() {
      return options()['output'] === 'json' ? 'json' : 'table'
    },
    get profile() {
      const profile = options()['profile']
      return typeof profile === 'string' ? profile : null
    },
    exitCode: EXIT.success,
    server: () => (found ??= findServer(deps, context.profile)),
    client: async () => {
      const server = await context.server()
      return createClient({ url: server.url, apiKey: server.apiKey })
    },
    print: (document, render) => {
      const text = context.format === 'json' ? JSON.stringify(document, null, 2) : render()
      if (text !== '') deps.io.out(text)
    },
  }
  return context
}
