import type { Database, DatabaseOptions, Statement } from '@millrace/store'
import { createSlots, ServiceError } from '@millrace/runtime'
import { toServiceError } from '../../../packages/store/src/sql-error.ts'
import type { SimPostgres } from './postgres.ts'
import { type Instance, instanceNow, never, type Task, type World } from './world.ts'

/** How often a live client loses the answer of a statement, and with it its connection. */
export interface SqlFaults {
  lostAnswers: number
}

/**
 * The Postgres of a world and the ways to it. There is one session, so a transaction has it alone
 * from its first statement to its end; which statement comes next is the seed's choice.
 */
export interface SimDatabases {
  create(options: DatabaseOptions): Database
  /** What becomes of the statements that a killed instance had under way. */
  abandon(instance: Instance): void
  /** Postgres ends the open transactions of an instance that went silent in one. */
  cut(instance: Instance): void
  readonly faults: SqlFaults
}

interface Transaction {
  readonly owner: Instance | null
  state: 'idle' | 'open' | 'over'
}

export function createSimDatabases(world: World, postgres: SimPostgres): SimDatabases {
  const faults: SqlFaults = { lostAnswers: 0 }
  /** Who has the session. */
  let open: Transaction | null = null
  const pending = new Map<Task, () => void>()
  const transactions = new Map<Transaction, Instance | null>()

  /** The statement as a task; `apply` happens in it. */
  function statement<T>(
    name: string,
    transaction: Transaction | null,
    apply: () => T,
    options: { readonly isLoseable: boolean } = { isLoseable: true },
  ): Promise<T> {
    const owner = instanceNow()
    if (owner?.state === 'dead') return never()
    return new Promise<T>((resolve, reject) => {
      const settle = (label: string, then: () => void): void => {
        if (owner?.state === 'dead') return
        // Most answers come at once; others after something else has happened.
        if (world.rng.next() < 0.6) then()
        else world.enqueue({ owner, label: `${name} ${label}`, run: then })
      }
      const task: Task = {
        owner,
        label: `sql ${name}`,
        ready: () => open === null || open === transaction || transaction?.state === 'over',
        run() {
          pending.delete(task)
          if (transaction?.state === 'over') return settle('failed', () => reject(away(name)))
          const isLost = options.isLoseable && world.rng.next() < faults.lostAnswers
          if (isLost && world.rng.next() < 0.5) {
            world.note(`${owner?.name ?? '-'} sql ${name} never arrived`)
            if (transaction !== null) rollback(transaction)
            return settle('failed', () => reject(away(name)))
          }
          try {
            postgres.setClock(world.now)
            const result = apply()
            if (isLost) {
              world.note(`${owner?.name ?? '-'} sql ${name} was applied, its answer is lost`)
              if (transaction !== null && transaction.state === 'open') rollback(transaction)
              return settle('failed', () => reject(away(name)))
            }
            settle('answered', () => resolve(result))
          } catch (error) {
            // Postgres answers nothing more in it, the checkers' questions neither.
            if (transaction?.state === 'open') rollback(transaction)
            const failure = toServiceError(error, name)
            if (failure.code === 'internal') world.uncaught.push(error)
            settle('refused', () => reject(failure))
          }
        },
      }
      pending.set(task, () => {
        try {
          postgres.setClock(world.now)
          apply()
        } catch {
          // Nobody hears of it.
        }
      })
      world.enqueue(task)
    })
  }

  function rollback(transaction: Transaction): void {
    if (transaction.state === 'open') {
      postgres.script('ROLLBACK')
      open = null
    }
    transaction.state = 'over'
    transactions.delete(transaction)
  }

  function cut(instance: Instance): void {
    for (const [transaction, owner] of transactions) if (owner === instance) rollback(transaction)
  }

  function create({ application, connections = 4 }: DatabaseOptions): Database {
    const name = application.replace('millrace-', '')
    const pool = createSlots(connections)
    let closed = false

    async function query<Row>(
      { name: statementName, text }: Statement,
      params?: readonly unknown[],
    ): Promise<Row[]> {
      if (closed) throw new ServiceError('unavailable', `${name}: the pool is closed`)
      await pool.take()
      try {
        return await statement(statementName === '' ? 'probe' : statementName, null, () =>
          postgres.run<Row>({ name: statementName, text }, params),
        )
      } finally {
        pool.give()
      }
    }

    return {
      query,
      async transaction(work) {
        await pool.take()
        const transaction: Transaction = { owner: instanceNow(), state: 'idle' }
        transactions.set(transaction, transaction.owner)
        try {
          await statement('BEGIN', null, () => {
            postgres.script('BEGIN')
            transaction.state = 'open'
            open = transaction
          })
          const result = await work({
            query: async <Row>(one: Statement, params?: readonly unknown[]) => {
              if (transaction.state === 'over') throw away(one.name)
              return await statement(one.name, transaction, () => postgres.run<Row>(one, params))
            },
          })
          if (transaction.state === 'over') throw away('COMMIT')
          await statement('COMMIT', transaction, () => {
            postgres.script('COMMIT')
            transaction.state = 'over'
            open = null
            transactions.delete(transaction)
          })
          return result
        } catch (error) {
          if (transaction.state === 'open')
            await statement('ROLLBACK', transaction, () => rollback(transaction), {
              isLoseable: false,
            })
          throw toServiceError(error, 'transaction')
        } finally {
          pool.give()
        }
      },
      close() {
        closed = true
        return Promise.resolve()
      },
    }
  }

  return {
    create,
    faults,
    abandon(instance) {
      for (const task of world.tasksOf(instance)) {
        const apply = pending.get(task)
        pending.delete(task)
        // On its way to Postgres when its sender died: it may still be carried out, at any time.
        if (apply === undefined || world.rng.next() < 0.5) continue
        const inTransaction = open !== null && open.owner === instance
        if (inTransaction && task.label !== 'sql COMMIT') continue
        if (task.label === 'sql BEGIN' || task.label === 'sql ROLLBACK') continue
        if (inTransaction) apply()
        else
          world.enqueue({
            owner: null,
            label: `${task.label} of the dead ${instance.name}`,
            ready: () => open === null,
            run: apply,
          })
      }
      cut(instance)
    },
    cut,
  }
}

const away = (what: string): ServiceError =>
  new ServiceError('unavailable', `${what}: Postgres is away (simulated)`)
