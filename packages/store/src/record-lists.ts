import { connectors, type ConnectorRow } from './connectors.ts'
import type { Queryable } from './database.ts'
import { files, type FileRow } from './files.ts'
import { flows, type FlowRow } from './flows.ts'
import type { Field } from './list-filter.ts'
import {
  type IdsRequest,
  type ListRequest,
  type ListSource,
  type Page,
  readIds,
  readPage,
} from './list-page.ts'
import { projects } from './projects.ts'
import type { RecordRow } from './records.ts'
import { schedulers, type SchedulerRow } from './schedulers.ts'
import { schedules, type ScheduleRow } from './schedules.ts'
import { settings, type SettingRow } from './settings.ts'
import { type WebhookRow, webhooks } from './webhooks.ts'
import { wrappers, type WrapperRow } from './wrappers.ts'

/** One page of the records of one type; those in the trash only when asked. */
export function listRecords<T extends RecordType>(
  db: Queryable,
  type: T,
  request: ListRequest & { readonly trashed: boolean },
): Promise<Page<RecordRows[T]>> {
  return readPage(db, request.trashed ? TRASH[type] : SOURCES[type], request)
}

/** The ids of the records of one type that are not in the trash. */
export const listRecordIds = (
  db: Queryable,
  type: RecordType,
  request: IdsRequest,
): Promise<string[]> => readIds(db, SOURCES[type], request)

export interface RecordRows {
  readonly flow: FlowRow
  readonly setting: SettingRow
  readonly connector: ConnectorRow
  readonly project: RecordRow
  readonly scheduler: SchedulerRow
  readonly schedule: ScheduleRow
  readonly webhook: WebhookRow
  readonly file: FileRow
  readonly wrapper: WrapperRow
}
export type RecordType = keyof RecordRows

const SOURCES: Readonly<Record<RecordType, ListSource>> = {
  flow: source('flow', flows, {
    language: { sql: 's.language', type: 'text' },
    max_runtime_seconds: { sql: 'f.max_runtime_seconds', type: 'integer' },
    is_wrapped: { sql: 'f.is_wrapped', type: 'boolean' },
    script: { sql: 's.source', type: 'text' },
  }),
  setting: source('setting', settings, {}),
  connector: source('connector', connectors, {
    connector_type: { sql: 'c.connector_type', type: 'text' },
    is_wrapped: { sql: 'c.is_wrapped', type: 'boolean' },
  }),
  project: source('project', projects, {}),
  scheduler: source('scheduler', schedulers, {
    language: { sql: 't.language', type: 'text' },
    script: { sql: 't.source', type: 'text' },
  }),
  schedule: source('schedule', schedules, {
    flow_id: { sql: 's.flow_id', type: 'uuid' },
    flow_name: { sql: 'f.name', type: 'text' },
    setting_id: { sql: 's.setting_id', type: 'uuid' },
    scheduler_id: { sql: 's.scheduler_id', type: 'uuid' },
    is_enabled: { sql: 's.is_enabled', type: 'boolean' },
    is_paused: { sql: '(s.paused_at IS NOT NULL)', type: 'boolean' },
    next_at: { sql: 'coalesce(i.planned_at, i.start_at)', type: 'time' },
    catch_up: { sql: 's.catch_up', type: 'text' },
    overlap: { sql: 's.overlap', type: 'text' },
  }),
  webhook: source('webhook', webhooks, {
    is_enabled: { sql: 'w.is_enabled', type: 'boolean' },
    flow_id: { sql: 'w.flow_id', type: 'uuid' },
    flow_name: {
      sql: 'n.name',
      type: 'text',
      via: (condition) =>
        `w.flow_id IN (SELECT n.id FROM flow n WHERE n.workspace_id = $1 AND ${condition})`,
    },
  }),
  file: source('file', files, {
    size: { sql: 'f.size', type: 'integer' },
    content_type: { sql: 'f.content_type', type: 'text' },
    hash: { sql: "encode(f.hash, 'hex')", type: 'text' },
  }),
  wrapper: source('wrapper', wrappers, {
    language: { sql: 's.language', type: 'text' },
    script: { sql: 's.source', type: 'text' },
    standard_name: { sql: 'w.standard_name', type: 'text' },
    is_wrapped: { sql: 'w.is_wrapped', type: 'boolean' },
  }),
}

const TRASH: Readonly<Record<RecordType, ListSource>> = {
  flow: trashOf(SOURCES.flow),
  setting: trashOf(SOURCES.setting),
  connector: trashOf(SOURCES.connector),
  project: trashOf(SOURCES.project),
  scheduler: trashOf(SOURCES.scheduler),
  schedule: trashOf(SOURCES.schedule),
  webhook: trashOf(SOURCES.webhook),
  file: trashOf(SOURCES.file),
  wrapper: trashOf(SOURCES.wrapper),
}

function source(
  type: RecordType,
  store: { select: { text: string }; count: { text: string } },
  more: Readonly<Record<string, Field>>,
): ListSource {
  const alias = type.charAt(0)
  const column = (name: string, fieldType: Field['type']): Field => ({
    sql: `${alias}.${name}`,
    type: fieldType,
  })
  const projectFields: Record<string, Field> =
    type === 'project'
      ? {}
      : {
          project_id: column('project_id', 'uuid'),
          project_name: {
            sql: 'n.name',
            type: 'text',
            via: (condition) =>
              `${alias}.project_id IN (SELECT n.id FROM project n WHERE n.workspace_id = $1 AND ${condition})`,
          },
        }
  return {
    name: type,
    select: store.select.text,
    count: store.count.text,
    id: `${alias}.id`,
    defaultOrder: 'name',
    fields: {
      known: {
        id: column('id', 'uuid'),
        name: column('name', 'text'),
        description: column('description', 'text'),
        created_at: column('created_at', 'time'),
        created_by: column('created_by', 'uuid'),
        modified_at: column('modified_at', 'time'),
        modified_by: column('modified_by', 'uuid'),
        ...projectFields,
        ...more,
      },
    },
    where: () => [`${alias}.deleted_at IS NULL`],
  }
}

function trashOf(live: ListSource): ListSource {
  const alias = live.id.charAt(0)
  return { ...live, name: `${live.name} trash`, where: () => [`${alias}.deleted_at IS NOT NULL`] }
}
