import { ServiceError } from '@millrace/runtime'
import { createDatabase } from '@millrace/store'

/** A way to Postgres on which the answers to some statements are kept from whoever asked. */
export interface Gates {
  readonly createDatabase: typeof createDatabase
  /** Keeps the answer to the next statement of that name. */
  close(name: string): Gate
}

export interface Gate {
  /** Postgres has answered. */
  readonly reached: Promise<void>
  /** Hands the answer on. */
  open(): void
  /** Says instead that the connection was lost. */
  lose(): void
}

export function createGates(): Gates {
  const closed = new Map<string, { arrive(): void; readonly opened: Promise<void> }>()
  return {
    createDatabase(options) {
      const db = createDatabase(options)
      return {
        ...db,
        async query(statement, params) {
          const answer = await db.query<never>(statement, params)
          const gate = closed.get(statement.name)
          closed.delete(statement.name)
          gate?.arrive()
          await gate?.opened
          return answer
        },
      }
    },
    close(name) {
      const reached = Promise.withResolvers<void>()
      const opened = Promise.withResolvers<void>()
      closed.set(name, { arrive: reached.resolve, opened: opened.promise })
      return {
        reached: reached.promise,
        open: opened.resolve,
        lose: () => opened.reject(new ServiceError('unavailable', 'The answer was lost.')),
      }
    },
  }
}
