-- name: readChildren
-- Of each of $1, behind $2, the first $3 that are no orphans, ended ones too: what they started may still
-- run. $4 what the parent must be still: the message may be late, and it may have been reverted. `overrun`: ended at its
-- maximum runtime, and not reverted since, for then it may have ended once more. A child that was
-- reverted since its parent's end lives by somebody's wish; the sweep knows of a cancel further up.
SELECT c.workspace_id, c.id, c.parent_execution_id, c.ended_at IS NULL AND NOT coalesce((
    SELECT r.created_at > p.ended_at FROM revert r
    WHERE c.generation > 1 AND r.workspace_id = c.workspace_id AND r.execution_id = c.id AND r.generation = c.generation
  ), false) AS is_live
FROM json_to_recordset($1::json) AS d(workspace_id uuid, id uuid)
CROSS JOIN LATERAL (
  SELECT e.ended_at FROM execution e
  WHERE e.workspace_id = d.workspace_id AND e.id = d.id AND CASE $4::text
    WHEN 'cancelled' THEN e.status = 'ENDED_CANCELLED' WHEN 'ended' THEN e.ended_at IS NOT NULL
    WHEN 'overrun' THEN e.ended_at IS NOT NULL AND EXISTS (
      SELECT FROM runtime_limit r WHERE r.workspace_id = d.workspace_id AND r.execution_id = d.id AND r.is_over
    ) ELSE true END
  LIMIT 1
) p
CROSS JOIN LATERAL (
  SELECT * FROM execution c
  WHERE c.workspace_id = d.workspace_id AND c.parent_execution_id = d.id AND c.id > $2 AND NOT c.orphan
  ORDER BY c.id LIMIT $3
) c
ORDER BY c.id

-- name: cancelExecutions
-- cancelRequested for many; the waits go with the end. The caller nudges the processes.
-- By status and not by ended_at: that would offer the planner the index of all that is live.
WITH live AS MATERIALIZED (
  SELECT e.workspace_id, e.id, e.process_id, e.status AS was
  FROM (
    SELECT DISTINCT workspace_id, id FROM json_to_recordset($1::json) AS d(workspace_id uuid, id uuid)
    ORDER BY workspace_id, id
  ) d
  CROSS JOIN LATERAL (
    SELECT e.workspace_id, e.id, e.process_id, e.status FROM execution e
    WHERE e.workspace_id = d.workspace_id AND e.id = d.id AND e.status NOT LIKE 'ENDED%'
    FOR UPDATE
  ) e
), cancelled AS (
  UPDATE execution e SET
    status = 'ENDED_CANCELLED', beneath = NULL, version = e.version + 1, process_id = NULL,
    message = $2, moved_at = clock(), ended_at = clock()
  FROM live l
  WHERE e.workspace_id = l.workspace_id AND e.id = l.id
  RETURNING e.workspace_id, e.id, e.version, e.type, e.parent_execution_id, l.process_id, l.was
), waits AS (
  DELETE FROM wait w USING cancelled c WHERE w.workspace_id = c.workspace_id AND w.execution_id = c.id
), members AS (
  DELETE FROM wait_member m USING cancelled c WHERE m.workspace_id = c.workspace_id AND m.execution_id = c.id
)
SELECT workspace_id, id, version, type, parent_execution_id, process_id, was FROM cancelled
