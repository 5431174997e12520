-- name: readControls
SELECT w.workspace_id, w.execution_id, w.generation, w.seq, w.subject AS action, w.ref AS target_id
FROM json_to_recordset($1::json) AS d(workspace_id uuid, execution_id uuid)
CROSS JOIN LATERAL (
  SELECT * FROM wait w WHERE w.workspace_id = d.workspace_id AND w.execution_id = d.execution_id OFFSET 0
) w
WHERE w.kind = 'CONTROL'
ORDER BY w.workspace_id, w.execution_id, w.seq
