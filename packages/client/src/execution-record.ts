import type { Json } from './json.ts'
import type { Why } from './execution-views.ts'

export const EXECUTION_STATUSES = [
  'WAITING_DEPENDENCY',
  'WAITING_LOCK',
  'WAITING_ENGINE',
  'WAITING_RESPONSE',
  'AT_ENGINE',
  'ENDED_SUCCESS',
  'ENDED_ERROR',
  'ENDED_CANCELLED',
  'PAUSED',
  'SCHEDULED',
  'LOST',
] as const
export type ExecutionStatus = (typeof EXECUTION_STATUSES)[number]

export type ExecutionType = 'FLOW' | 'SCRIPT' | 'CONNECTION' | 'SCHEDULE' | 'WRAPPER'

/** Whether it has reached its end, whichever. */
export function isEnded(execution: { readonly status: string }): boolean {
  return execution.status.startsWith('ENDED_')
}

/** The statuses of what has not ended: the filter that every list answers cheaply. */
export const LIVE_STATUSES: readonly ExecutionStatus[] = EXECUTION_STATUSES.filter(
  (status) => !isEnded({ status }),
)

/** One run, with every property of its record; null where there is no value. Times are RFC 3339. */
export interface Execution {
  readonly activity_type: string | null
  readonly break: boolean | null
  readonly breakpoints: readonly number[] | null
  readonly bundle_id: string | null
  readonly bundle_name: string | null
  readonly commit_message: string | null
  readonly connector_id: string | null
  readonly connector_name: string | null
  readonly connector_type: string | null
  readonly created_at: string
  readonly created_by: string | null
  readonly custom_object_id: string | null
  readonly deleted_at: string | null
  readonly deleted_by: string | null
  readonly dependency_id: string | null
  readonly description: string | null
  readonly end_status: ExecutionStatus | null
  readonly ended_at: string | null
  readonly flow_id: string | null
  readonly flow_name: string | null
  readonly id: string
  readonly identity_type: string | null
  readonly input_schema: Json
  readonly input_value: Json
  readonly is_bundle_readonly: boolean | null
  readonly is_deleted: boolean | null
  readonly is_hidden: boolean | null
  readonly is_paused: boolean
  readonly is_productive: boolean
  readonly is_project_readonly: boolean | null
  readonly is_queued: boolean
  readonly is_readonly: boolean | null
  readonly is_remote_processed: boolean | null
  readonly last_activity: string | null
  readonly last_command: string | null
  readonly last_sync: string | null
  readonly lineno: number | null
  readonly message: string | null
  readonly message_id: string | null
  readonly metadata: Json
  readonly modified_at: string | null
  readonly modified_by: string | null
  readonly name: string | null
  readonly organization_id: string | null
  readonly orphan: boolean
  readonly output_schema: Json
  readonly output_value: Json
  readonly parent_execution_id: string | null
  readonly plugin_action_id: string | null
  readonly process_id: string | null
  readonly project_id: string | null
  readonly project_name: string | null
  readonly provisioning_type: string | null
  readonly record_type: string | null
  readonly remote_workspace_name: string | null
  readonly repository_path: string | null
  readonly roles: Json
  readonly savepoint_retention: string | null
  readonly schedule_id: string | null
  readonly schedule_name: string | null
  readonly scheduled_for: string | null
  readonly schema_version: string | null
  readonly script: string | null
  readonly setting_id: string | null
  readonly started_at: string | null
  readonly status: ExecutionStatus
  readonly status_label: string | null
  readonly sync_config_id: string | null
  readonly top_execution_id: string
  readonly type: ExecutionType
  readonly unwrapped: boolean | null
  readonly use_breakpoints: boolean | null
  readonly use_only_explicit_breakpoints: boolean | null
  readonly webhook_id: string | null
  readonly workspace_id: string
  readonly wrapper_id: string | null
  readonly wrapper_name: string | null
  readonly epoch: number
  readonly version: number
  /** Counts reverts; 1 until the first. */
  readonly generation: number
  /** The execution that it was started like. */
  readonly rerun_of: string | null
  readonly priority: number | null
  readonly max_runtime_seconds: number | null
  readonly tags: readonly string[] | null
  readonly trace_id: string | null
  /** Null when moving or ended. */
  readonly why: Why | null
}
