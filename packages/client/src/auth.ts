import { as } from './records.ts'
import type { Transport } from './transport.ts'

export interface Auth {
  /** Exchanges name and password for a token that serves as an API key until it expires. */
  login(input: { userName: string; password: string }): Promise<Session>
  logout(): Promise<void>
  whoami(): Promise<WhoAmI>
}

export interface Session {
  readonly token: string
  readonly expires_at: string
}

/** Who the credentials belong to. */
export interface WhoAmI {
  readonly user_name?: string
  readonly workspace_id?: string
  readonly workspace_name?: string
  readonly [more: string]: unknown
}

export function createAuth(transport: Transport): Auth {
  return {
    login: async ({ userName, password }) =>
      as<Session>(
        await transport.send({
          method: 'POST',
          path: '/auth/login',
          body: { user_name: userName, password },
          repeat: 'never',
        }),
      ),
    logout: async () => {
      await transport.send({ method: 'POST', path: '/auth/logout', repeat: 'freely' })
    },
    whoami: async () => as<WhoAmI>(await transport.send({ method: 'GET', path: '/auth/whoami' })),
  }
}
