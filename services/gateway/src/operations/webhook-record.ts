import { type WebhookRow, webhooks } from '@millrace/store'
import {
  type Checked,
  checkNewWebhook,
  checkWebhookPatch,
  presentWebhook,
  type WebhookFields,
} from '@millrace/webhook'
import type { Caller, Context } from '../context.ts'
import { invalid, notFound } from '../problem.ts'
import { asStore, projectJson, type RecordKind } from './record-kind.ts'
import { resolveProject } from './resolve-target.ts'

/** Webhooks: what packages/webhook says of their fields, with the names in them resolved. */
export const WEBHOOK_KIND: RecordKind<WebhookRow> = {
  store: asStore<WebhookRow>(webhooks),
  async toFields(context, caller, body, before) {
    const checked: Checked<Partial<WebhookFields>> =
      before === null ? checkNewWebhook(body) : checkWebhookPatch(body)
    if (!checked.ok) throw invalid(checked.errors)
    const given = checked.fields
    const {
      name,
      description,
      project_id,
      project_name,
      flow_id,
      flow_name,
      is_enabled,
      ...config
    } = given
    const isProjectGiven = project_id !== undefined || project_name !== undefined
    const isFlowGiven = typeof flow_id === 'string' || typeof flow_name === 'string'
    const project = { project_id: project_id ?? null, project_name: project_name ?? null }
    return {
      ...(name !== undefined && { name }),
      ...(description !== undefined && { description }),
      ...(isProjectGiven && {
        project_id: (await resolveProject(context, caller, project))?.id ?? null,
      }),
      ...(isFlowGiven && { flow_id: await resolveFlow(context, caller, given) }),
      ...(is_enabled !== undefined && { is_enabled }),
      ...(Object.keys(config).length > 0 && { config: JSON.stringify(config) }),
    }
  },
  // With its secrets, which nobody sees; off, as every new one.
  toCopy: (row) => ({
    ...configOf(row.config),
    is_enabled: false,
    description: row.description,
    project_id: row.project_id,
    flow_id: row.flow_id,
  }),
  toJson(row) {
    const shown = presentWebhook({ ...configOf(row.config), is_enabled: row.is_enabled })
    return {
      ...projectJson(row),
      flow_id: JSON.stringify(row.flow_id),
      flow_name: JSON.stringify(row.flow_name),
      ...Object.fromEntries(
        Object.entries(shown).map(([name, value]) => [name, JSON.stringify(value)]),
      ),
      call_path: JSON.stringify(
        `/api/latest/webhook/${encodeURIComponent(row.is_called_by_name ? row.name : row.id)}/call`,
      ),
    }
  },
}

/** The fields that are kept together, as `toFields` has written them. */
export type WebhookConfig = Omit<
  WebhookFields,
  'name' | 'description' | 'project_id' | 'project_name' | 'flow_id' | 'flow_name' | 'is_enabled'
>

export const configOf = (text: string): WebhookConfig => JSON.parse(text) as WebhookConfig

async function resolveFlow(
  context: Context,
  caller: Caller,
  fields: Partial<WebhookFields>,
): Promise<string> {
  const { flow_id: id, flow_name: name } = fields
  const key = typeof id === 'string' ? { id } : { name: name ?? '' }
  const flow = await context.flows.flow(caller.workspaceId, key)
  if (flow === null) throw notFound(`flow ${id ?? JSON.stringify(name)}`)
  return flow.row.id
}
