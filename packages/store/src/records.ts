import type { Queryable } from './database.ts'
import { loadStatements, type Statement } from './statement.ts'

/**
 * Records that people keep: flows, settings, schedules and so on. They differ in their columns only,
 * so each aggregate is a query file of the same seven blocks and a row type.
 *
 * Names are unique among the records of a workspace that are not in the trash; taking one that exists
 * throws `conflict`.
 */
export interface RecordStore<Row, Fields extends object> {
  insert(db: Queryable, record: NewRecord<Fields>): Promise<void>
  /** One record by id or by name. The trash is searched by id only, and only when asked. */
  read(db: Queryable, key: RecordKey): Promise<Row | null>
  /** Changes the fields that `patch` names; false when there is no such record outside the trash. */
  update(db: Queryable, change: RecordChange<Fields>): Promise<boolean>
  trash(db: Queryable, act: RecordAct): Promise<boolean>
  restore(db: Queryable, act: RecordAct): Promise<boolean>
  /** For ever. Executions keep what they started with. */
  remove(db: Queryable, key: { workspaceId: string; id: string }): Promise<boolean>
  /** What lists append their conditions to. */
  readonly select: Statement
  readonly count: Statement
}

export interface NewRecord<Fields> extends RecordAct {
  readonly fields: Fields
}

export interface RecordChange<Fields> extends RecordAct {
  readonly patch: Partial<Fields>
}

export interface RecordAct {
  readonly workspaceId: string
  readonly id: string
  /** Who does it. */
  readonly by: string | null
}

export type RecordKey = { readonly workspaceId: string } & (
  { readonly id: string; readonly trashed?: boolean } | { readonly name: string }
)

/** What every record has. Times: ms since 1970. */
export interface RecordRow {
  readonly workspace_id: string
  readonly id: string
  readonly name: string
  readonly description: string | null
  readonly created_at: number
  readonly created_by: string | null
  readonly modified_at: number
  readonly modified_by: string | null
  readonly deleted_at: number | null
  readonly deleted_by: string | null
}

/** The records that may belong to a project. */
export interface ProjectRecordRow extends RecordRow {
  readonly project_id: string | null
  readonly project_name: string | null
}

export function createRecordStore<Row, Fields extends object>(
  aggregate:
    | 'flows'
    | 'settings'
    | 'connectors'
    | 'projects'
    | 'webhooks'
    | 'files'
    | 'schedulers'
    | 'schedules'
    | 'wrappers',
): RecordStore<Row, Fields> {
  const statements = loadStatements(aggregate, [
    'insert',
    'select',
    'count',
    'update',
    'trash',
    'restore',
    'remove',
  ])
  const table = aggregate.slice(0, -1)
  const alias = aggregate.charAt(0)
  const readById: Statement = {
    name: `${aggregate}.readById`,
    text: `${statements.select.text} AND ${alias}.id = $2 AND ($3 OR ${alias}.deleted_at IS NULL)`,
  }
  const readByName: Statement = {
    name: `${aggregate}.readByName`,
    text: `${statements.select.text} AND ${alias}.name = $2 AND ${alias}.deleted_at IS NULL`,
  }
  const changes = async (rows: Promise<unknown[]>): Promise<boolean> => (await rows).length > 0

  return {
    async insert(db, { workspaceId, id, by, fields }) {
      await db.query(statements.insert, [workspaceId, id, by, JSON.stringify(fields)])
    },
    async read(db, key) {
      const rows =
        'id' in key
          ? await db.query<Row>(readById, [key.workspaceId, key.id, key.trashed ?? false])
          : await db.query<Row>(readByName, [key.workspaceId, key.name])
      return rows[0] ?? null
    },
    update: (db, { workspaceId, id, by, patch }) =>
      changes(db.query(statements.update, [workspaceId, id, JSON.stringify(patch), by])),
    trash: (db, { workspaceId, id, by }) =>
      changes(db.query(statements.trash, [workspaceId, id, by])),
    restore: (db, { workspaceId, id, by }) =>
      changes(db.query(statements.restore, [workspaceId, id, by])),
    remove: (db, { workspaceId, id }) => changes(db.query(statements.remove, [workspaceId, id])),
    select: { ...statements.select, name: `${table}.select` },
    count: statements.count,
  }
}
