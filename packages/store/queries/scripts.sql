-- name: putScript
-- the same source again is the same row; $3 is sha256 of language, a NUL byte and the source
-- and, for retention, marked as used; see putPayloads
WITH used AS (
  UPDATE script SET used_at = clock()
  WHERE workspace_id = $1 AND hash = decode($2, 'hex') AND used_at < clock() - interval '1 minute'
  RETURNING hash
)
INSERT INTO script (workspace_id, hash, language, source)
SELECT $1, decode($2, 'hex'), $3, $4 WHERE (SELECT count(*) FROM used) >= 0
ON CONFLICT (workspace_id, hash) DO NOTHING

-- name: readScript
SELECT language, source FROM script WHERE workspace_id = $1 AND hash = decode($2, 'hex')
