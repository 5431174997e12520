-- name: putPayloads
INSERT INTO payload (workspace_id, hash, size, body)
SELECT DISTINCT ON (d.workspace_id, d.hash) d.workspace_id, decode(d.hash, 'hex'), d.size, d.body
FROM ROWS FROM (
  json_to_recordset($1::json) AS (workspace_id uuid, hash text, size integer), unnest($2::text[])
) AS d(workspace_id, hash, size, body)
ON CONFLICT (workspace_id, hash) DO NOTHING

-- name: readPayloads
SELECT p.workspace_id, encode(p.hash, 'hex') AS hash, p.size, p.body
FROM json_to_recordset($1::json) AS d(workspace_id uuid, hash text)
JOIN payload p ON p.workspace_id = d.workspace_id AND p.hash = decode(d.hash, 'hex')
