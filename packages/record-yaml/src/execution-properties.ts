/** How a property is stored; what a text may hold follows from it. */
export type PropertyType =
  | 'boolean'
  | 'enum'
  | 'json'
  | 'smallint'
  | 'smallint[]'
  | 'string'
  | 'text'
  | 'timestamptz'
  | 'uuid'

/** One of the properties of the Execution record. */
export interface ExecutionProperty {
  readonly name: string
  readonly type: PropertyType
  /** Whether an import takes its value. One that is only exported is informational. */
  readonly imported: boolean
  /** Whether an export writes it. */
  readonly exported: boolean
  /** Of a string, in characters. */
  readonly maxLength?: number
  /** Of an enum. */
  readonly values?: readonly string[]
}

/** Of the format of the record, as every record and every export says. */
export const SCHEMA_VERSION = '1'

const STATUSES = [
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

/** The seed's table, and the two that its prose and the products have besides: K8S and SFTP. */
export const CONNECTOR_TYPES = [
  'AWS',
  'AZURE',
  'AZUREAI',
  'FTP',
  'GIT',
  'GOOGLE',
  'IMAP',
  'K8S',
  'LDAP',
  'MSTEAMS',
  'MYSQL',
  'OPENAI',
  'PS',
  'REDIS',
  'REST',
  'SCP',
  'SFTP',
  'SMB',
  'SMTP',
  'SOAP',
  'SQLMSSQL',
  'SQLORACLE',
  'SQLPG',
  'SSH',
  'VAULT',
  'WEBDAV',
  'XMLRPC',
] as const

const IDENTITY_TYPES = [
  'EXECUTION',
  'LDAP_CONFIG',
  'SCHEDULE',
  'SYNC_CONFIG',
  'USER',
  'WEBHOOK',
  'WORKSPACE',
] as const

const RECORD_TYPES = [
  'BUNDLE',
  'BUNDLE_REPOSITORY',
  'CONNECTOR',
  'CUSTOM_OBJECT',
  'EXECUTION',
  'FILE',
  'FLOW',
  'LDAP_CONFIG',
  'MESSAGE',
  'OAUTH',
  'OBJECT_TEMPLATE',
  'ORGANIZATION',
  'PLUGIN',
  'PROCESS',
  'PROJECT',
  'ROLE',
  'SCHEDULE',
  'SCHEDULER',
  'SCHEMA',
  'SETTING',
  'SYNC_CONFIG',
  'TAG',
  'USER',
  'VAULT_CONFIG',
  'WEBHOOK',
  'WORKSPACE',
  'WRAPPER',
] as const

const TYPES = ['FLOW', 'SCRIPT', 'CONNECTION', 'SCHEDULE', 'WRAPPER'] as const

const both = { imported: true, exported: true } as const
const imports = { imported: true, exported: false } as const
const exports = { imported: false, exported: true } as const
const neither = { imported: false, exported: false } as const

/** All 77, in the order of the alphabet, in which a document has them too. */
export const EXECUTION_PROPERTIES: readonly ExecutionProperty[] = [
  { name: 'activity_type', type: 'enum', ...neither, values: ['EXECUTION', 'MESSAGE', 'PROCESS'] },
  { name: 'break', type: 'boolean', ...neither },
  { name: 'breakpoints', type: 'smallint[]', ...imports },
  { name: 'bundle_id', type: 'uuid', ...both },
  { name: 'bundle_name', type: 'string', ...neither, maxLength: 128 },
  { name: 'commit_message', type: 'text', ...imports },
  { name: 'connector_id', type: 'uuid', ...both },
  { name: 'connector_name', type: 'string', ...neither, maxLength: 128 },
  { name: 'connector_type', type: 'enum', ...both, values: CONNECTOR_TYPES },
  { name: 'created_at', type: 'timestamptz', ...exports },
  { name: 'created_by', type: 'uuid', ...exports },
  { name: 'custom_object_id', type: 'uuid', ...both },
  { name: 'deleted_at', type: 'timestamptz', ...exports },
  { name: 'deleted_by', type: 'uuid', ...exports },
  { name: 'dependency_id', type: 'uuid', ...exports },
  { name: 'description', type: 'text', ...both },
  { name: 'end_status', type: 'enum', ...neither, values: STATUSES },
  { name: 'ended_at', type: 'timestamptz', ...both },
  { name: 'flow_id', type: 'uuid', ...both },
  { name: 'flow_name', type: 'string', ...neither, maxLength: 128 },
  { name: 'id', type: 'uuid', ...neither },
  { name: 'identity_type', type: 'enum', ...neither, values: IDENTITY_TYPES },
  { name: 'input_schema', type: 'json', ...both },
  { name: 'input_value', type: 'json', ...both },
  { name: 'is_bundle_readonly', type: 'boolean', ...neither },
  { name: 'is_deleted', type: 'boolean', ...exports },
  { name: 'is_hidden', type: 'boolean', ...neither },
  { name: 'is_paused', type: 'boolean', ...both },
  { name: 'is_productive', type: 'boolean', ...both },
  { name: 'is_project_readonly', type: 'boolean', ...neither },
  { name: 'is_queued', type: 'boolean', ...neither },
  { name: 'is_readonly', type: 'boolean', ...both },
  { name: 'is_remote_processed', type: 'boolean', ...both },
  { name: 'last_activity', type: 'timestamptz', ...exports },
  { name: 'last_command', type: 'string', ...exports, maxLength: 128 },
  { name: 'last_sync', type: 'timestamptz', ...both },
  { name: 'lineno', type: 'smallint', ...exports },
  { name: 'message', type: 'text', ...both },
  { name: 'message_id', type: 'uuid', ...exports },
  { name: 'metadata', type: 'json', ...both },
  { name: 'modified_at', type: 'timestamptz', ...exports },
  { name: 'modified_by', type: 'uuid', ...exports },
  { name: 'name', type: 'string', ...both, maxLength: 128 },
  { name: 'organization_id', type: 'uuid', ...exports },
  { name: 'orphan', type: 'boolean', ...neither },
  { name: 'output_schema', type: 'json', ...both },
  { name: 'output_value', type: 'json', ...both },
  { name: 'parent_execution_id', type: 'uuid', ...exports },
  { name: 'plugin_action_id', type: 'uuid', ...both },
  { name: 'process_id', type: 'uuid', ...neither },
  { name: 'project_id', type: 'uuid', ...both },
  { name: 'project_name', type: 'string', ...neither, maxLength: 128 },
  { name: 'provisioning_type', type: 'string', ...exports, maxLength: 128 },
  { name: 'record_type', type: 'enum', ...neither, values: RECORD_TYPES },
  { name: 'remote_workspace_name', type: 'string', ...neither, maxLength: 128 },
  { name: 'repository_path', type: 'string', ...neither, maxLength: 256 },
  { name: 'roles', type: 'json', ...imports },
  { name: 'savepoint_retention', type: 'enum', ...both, values: ['ALL', 'LAST'] },
  { name: 'schedule_id', type: 'uuid', ...both },
  { name: 'schedule_name', type: 'string', ...neither, maxLength: 128 },
  { name: 'scheduled_for', type: 'timestamptz', ...both },
  { name: 'schema_version', type: 'string', ...both, maxLength: 128 },
  { name: 'script', type: 'text', ...both },
  { name: 'setting_id', type: 'uuid', ...exports },
  { name: 'started_at', type: 'timestamptz', ...both },
  { name: 'status', type: 'enum', ...both, values: STATUSES },
  { name: 'status_label', type: 'string', ...neither, maxLength: 128 },
  { name: 'sync_config_id', type: 'uuid', ...both },
  { name: 'top_execution_id', type: 'uuid', ...exports },
  { name: 'type', type: 'enum', ...both, values: TYPES },
  { name: 'unwrapped', type: 'boolean', ...neither },
  { name: 'use_breakpoints', type: 'boolean', ...both },
  { name: 'use_only_explicit_breakpoints', type: 'boolean', ...both },
  { name: 'webhook_id', type: 'uuid', ...both },
  { name: 'workspace_id', type: 'uuid', ...exports },
  { name: 'wrapper_id', type: 'uuid', ...both },
  { name: 'wrapper_name', type: 'string', ...neither, maxLength: 128 },
]
