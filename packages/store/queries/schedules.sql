-- name: insert
-- $1 workspace, $2 id, $3 who, $4 the fields as JSON (JSON columns as text, times as RFC 3339)
INSERT INTO schedule (workspace_id, id, created_by, modified_by, name, description, project_id, flow_id,
  setting_id, scheduler_id, timing, input_value, is_enabled, is_productive, catch_up,
  catch_up_window_seconds, overlap, jitter_seconds, starts_at, ends_at)
SELECT $1, $2, $3, $3, d.name, d.description, d.project_id, d.flow_id, d.setting_id, d.scheduler_id,
  d.timing::json, d.input_value::json, coalesce(d.is_enabled, true), coalesce(d.is_productive, true),
  coalesce(d.catch_up, 'none'), coalesce(d.catch_up_window_seconds, 31536000), coalesce(d.overlap, 'skip'),
  coalesce(d.jitter_seconds, 0), d.starts_at, d.ends_at
FROM json_to_record($4::json) AS d(name text, description text, project_id uuid, flow_id uuid,
  setting_id uuid, scheduler_id uuid, timing text, input_value text, is_enabled boolean,
  is_productive boolean, catch_up text, catch_up_window_seconds integer, overlap text,
  jitter_seconds integer, starts_at timestamptz, ends_at timestamptz)

-- name: select
-- ends where the condition is appended: one record, or a list's filter
SELECT
  s.workspace_id, s.id, s.name, s.description, s.project_id,
  (SELECT p.name FROM project p WHERE p.workspace_id = s.workspace_id AND p.id = s.project_id) AS project_name,
  s.flow_id, f.name AS flow_name, s.setting_id, v.name AS setting_name, s.scheduler_id,
  r.name AS scheduler_name, s.timing, s.input_value, s.is_enabled, s.is_productive, s.catch_up,
  s.catch_up_window_seconds, s.overlap, s.jitter_seconds, s.starts_at, s.ends_at, s.begun_at, s.paused_at,
  s.last_end_at, s.finished_at, s.problem, i.execution_id AS iteration_id, i.planned_at, i.start_at,
  static_wrappers(s.workspace_id, s.id) AS wrappers,
  s.created_at, s.created_by, s.modified_at, s.modified_by, s.deleted_at, s.deleted_by
FROM schedule s
  LEFT JOIN flow f ON f.workspace_id = s.workspace_id AND f.id = s.flow_id
  LEFT JOIN setting v ON v.workspace_id = s.workspace_id AND v.id = s.setting_id
  LEFT JOIN scheduler r ON r.workspace_id = s.workspace_id AND r.id = s.scheduler_id
  LEFT JOIN schedule_iteration i ON i.workspace_id = s.workspace_id AND i.schedule_id = s.id
WHERE s.workspace_id = $1

-- name: count
SELECT count(*) AS total FROM schedule s
  LEFT JOIN flow f ON f.workspace_id = s.workspace_id AND f.id = s.flow_id
  LEFT JOIN schedule_iteration i ON i.workspace_id = s.workspace_id AND i.schedule_id = s.id
WHERE s.workspace_id = $1

-- name: update
-- Only the fields that the JSON object $3 names. `renewed`: its iteration is replaced; `retimed`: a
-- new timing has missed nothing, nor has a schedule that was not enabled.
UPDATE schedule s SET
  name = CASE WHEN $3::jsonb ? 'name' THEN d.name ELSE s.name END,
  description = CASE WHEN $3::jsonb ? 'description' THEN d.description ELSE s.description END,
  project_id = CASE WHEN $3::jsonb ? 'project_id' THEN d.project_id ELSE s.project_id END,
  flow_id = CASE WHEN $3::jsonb ? 'flow_id' THEN d.flow_id ELSE s.flow_id END,
  setting_id = CASE WHEN $3::jsonb ? 'setting_id' THEN d.setting_id ELSE s.setting_id END,
  scheduler_id = CASE WHEN $3::jsonb ? 'scheduler_id' THEN d.scheduler_id ELSE s.scheduler_id END,
  timing = CASE WHEN $3::jsonb ? 'timing' THEN d.timing::json ELSE s.timing END,
  input_value = CASE WHEN $3::jsonb ? 'input_value' THEN d.input_value::json ELSE s.input_value END,
  is_enabled = CASE WHEN $3::jsonb ? 'is_enabled' THEN d.is_enabled ELSE s.is_enabled END,
  is_productive = CASE WHEN $3::jsonb ? 'is_productive' THEN d.is_productive ELSE s.is_productive END,
  catch_up = CASE WHEN $3::jsonb ? 'catch_up' THEN d.catch_up ELSE s.catch_up END,
  catch_up_window_seconds = CASE WHEN $3::jsonb ? 'catch_up_window_seconds'
    THEN d.catch_up_window_seconds ELSE s.catch_up_window_seconds END,
  overlap = CASE WHEN $3::jsonb ? 'overlap' THEN d.overlap ELSE s.overlap END,
  jitter_seconds = CASE WHEN $3::jsonb ? 'jitter_seconds' THEN d.jitter_seconds ELSE s.jitter_seconds END,
  starts_at = CASE WHEN $3::jsonb ? 'starts_at' THEN d.starts_at ELSE s.starts_at END,
  ends_at = CASE WHEN $3::jsonb ? 'ends_at' THEN d.ends_at ELSE s.ends_at END,
  revision = s.revision + CASE WHEN $3::jsonb ? 'renewed' THEN 1 ELSE 0 END,
  begun_at = CASE WHEN $3::jsonb ? 'retimed' THEN clock() ELSE s.begun_at END,
  last_end_at = CASE WHEN $3::jsonb ? 'retimed' THEN NULL ELSE s.last_end_at END,
  decided_until = CASE WHEN $3::jsonb ? 'retimed' OR (d.is_enabled AND NOT s.is_enabled)
    THEN clock() ELSE s.decided_until END,
  finished_at = NULL,
  problem = NULL,
  modified_at = clock(),
  modified_by = $4
FROM json_to_record($3::json) AS d(name text, description text, project_id uuid, flow_id uuid,
  setting_id uuid, scheduler_id uuid, timing text, input_value text, is_enabled boolean,
  is_productive boolean, catch_up text, catch_up_window_seconds integer, overlap text,
  jitter_seconds integer, starts_at timestamptz, ends_at timestamptz)
WHERE s.workspace_id = $1 AND s.id = $2 AND s.deleted_at IS NULL
RETURNING s.id

-- name: trash
UPDATE schedule SET deleted_at = clock(), deleted_by = $3
WHERE workspace_id = $1 AND id = $2 AND deleted_at IS NULL
RETURNING id

-- name: restore
-- It has missed nothing: like one that is enabled.
UPDATE schedule SET deleted_at = NULL, deleted_by = NULL, modified_at = clock(), modified_by = $3,
  decided_until = clock(), finished_at = NULL, problem = NULL
WHERE workspace_id = $1 AND id = $2 AND deleted_at IS NOT NULL
RETURNING id

-- name: remove
-- Its live iteration is left to the scheduler, which finds it without a schedule.
WITH gone AS (
  DELETE FROM schedule WHERE workspace_id = $1 AND id = $2 RETURNING workspace_id, id
), links AS (
  DELETE FROM static_wrapper w USING gone g WHERE w.workspace_id = g.workspace_id AND w.wrapped_id = g.id
), runs AS (
  DELETE FROM schedule_run r USING gone g WHERE r.workspace_id = g.workspace_id AND r.schedule_id = g.id
)
SELECT id FROM gone
