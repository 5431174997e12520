-- name: putPayloads
-- What is there is marked as used, once a minute, and before the rest is inserted: retention then leaves
-- it alone, or has removed it already and it is inserted again.
WITH put AS MATERIALIZED (
  SELECT DISTINCT ON (d.workspace_id, d.hash) d.workspace_id, decode(d.hash, 'hex') AS hash, d.size, d.body
  FROM ROWS FROM (
    json_to_recordset($1::json) AS (workspace_id uuid, hash text, size integer), unnest($2::text[])
  ) AS d(workspace_id, hash, size, body)
), used AS (
  UPDATE payload p SET used_at = clock() FROM put
  WHERE p.workspace_id = put.workspace_id AND p.hash = put.hash AND p.used_at < clock() - interval '1 minute'
  RETURNING p.hash
)
INSERT INTO payload (workspace_id, hash, size, body)
SELECT workspace_id, hash, size, body FROM put WHERE (SELECT count(*) FROM used) >= 0
ON CONFLICT (workspace_id, hash) DO NOTHING

-- name: readPayloads
SELECT p.workspace_id, encode(p.hash, 'hex') AS hash, p.size, p.body
FROM json_to_recordset($1::json) AS d(workspace_id uuid, hash text)
JOIN payload p ON p.workspace_id = d.workspace_id AND p.hash = decode(d.hash, 'hex')
