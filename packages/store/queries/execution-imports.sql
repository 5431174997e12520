-- name: importExecutions
-- Ended executions of somewhere else, as they are: no history, no waits. $1 scalars, $2 inputs,
-- $3 outputs, $4 extras, in the same order. An id that exists was imported by an earlier try.
INSERT INTO execution (
  workspace_id, id, type, status, flow_id, connector_id, connector_type, script_hash, project_id,
  parent_execution_id, top_execution_id, is_productive, created_by, name, message, input, input_hash,
  output, output_hash, started_at, scheduled_for, ended_at, extra
)
SELECT
  d.workspace_id, d.id, d.type, d.status, d.flow_id, d.connector_id, d.connector_type,
  decode(d.script_hash, 'hex'), d.project_id, d.parent_id, d.top_id, d.is_productive, d.created_by, d.name,
  d.message, d.input::json, decode(d.input_hash, 'hex'), d.output::json, decode(d.output_hash, 'hex'),
  d.started_at, d.scheduled_for, d.ended_at, d.extra::json
FROM ROWS FROM (
  json_to_recordset($1::json) AS (
    workspace_id uuid, id uuid, type text, status text, flow_id uuid, connector_id uuid, connector_type text,
    script_hash text, project_id uuid, parent_id uuid, top_id uuid, is_productive boolean, created_by uuid,
    name text, message text, input_hash text, output_hash text, started_at timestamptz,
    scheduled_for timestamptz, ended_at timestamptz
  ),
  unnest($2::text[]), unnest($3::text[]), unnest($4::text[])
) AS d(
  workspace_id, id, type, status, flow_id, connector_id, connector_type, script_hash, project_id, parent_id,
  top_id, is_productive, created_by, name, message, input_hash, output_hash, started_at, scheduled_for,
  ended_at, input, output, extra
)
ON CONFLICT (workspace_id, id) DO NOTHING
