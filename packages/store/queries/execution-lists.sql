-- name: readTree
-- the executions below $2, itself included, $3 levels deep and $4 rows at most, parents first
WITH RECURSIVE tree AS (
  SELECT e.id, e.parent_execution_id, e.name, e.type, e.status, e.flow_id, e.connector_id,
    e.connector_type, e.created_at, e.ended_at, 0 AS depth
  FROM execution e WHERE e.workspace_id = $1 AND e.id = $2
  UNION ALL
  SELECT e.id, e.parent_execution_id, e.name, e.type, e.status, e.flow_id, e.connector_id,
    e.connector_type, e.created_at, e.ended_at, t.depth + 1
  FROM tree t
    JOIN execution e ON e.workspace_id = $1 AND e.parent_execution_id = t.id
  WHERE t.depth < $3
)
SELECT t.id, t.parent_execution_id, t.type, t.status, t.depth, t.created_at, t.ended_at,
  coalesce(t.name,
    (SELECT f.name FROM flow f WHERE f.workspace_id = $1 AND f.id = t.flow_id),
    (SELECT c.name FROM connector c WHERE c.workspace_id = $1 AND c.id = t.connector_id),
    t.connector_type) AS name
FROM tree t ORDER BY t.depth, t.id LIMIT $4
