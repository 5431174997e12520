-- name: beginContent
INSERT INTO file_content (workspace_id, id) VALUES ($1, $2)

-- name: putChunk
INSERT INTO file_chunk (workspace_id, content_id, ordinal, bytes) VALUES ($1, $2, $3, $4)

-- name: keepContent
-- Still being written. No row: it took so long that it was removed.
UPDATE file_content SET used_at = clock() WHERE workspace_id = $1 AND id = $2 RETURNING id

-- name: dropContent
WITH gone AS (
  DELETE FROM file_content WHERE workspace_id = $1 AND id = $2 RETURNING id
)
DELETE FROM file_chunk c USING gone g WHERE c.workspace_id = $1 AND c.content_id = g.id

-- name: lockFile
SELECT f.id, f.content_id FROM file f
WHERE f.workspace_id = $1 AND f.name = $2 AND f.deleted_at IS NULL
FOR UPDATE

-- name: lockFileById
SELECT f.id, f.content_id FROM file f
WHERE f.workspace_id = $1 AND f.id = $2 AND f.deleted_at IS NULL
FOR UPDATE

-- name: replaceContent
UPDATE file SET content_id = $3, size = $4, hash = decode($5, 'hex'),
  content_type = coalesce($6, content_type), modified_at = clock(), modified_by = $7
WHERE workspace_id = $1 AND id = $2

-- name: insertFile
INSERT INTO file (workspace_id, id, name, content_id, size, hash, content_type, created_by, modified_by)
VALUES ($1, $2, $3, $4, $5, decode($6, 'hex'), $7, $8, $8)
ON CONFLICT (workspace_id, name) WHERE deleted_at IS NULL DO NOTHING
RETURNING id

-- name: trashByName
UPDATE file SET deleted_at = clock(), deleted_by = $3
WHERE workspace_id = $1 AND name = $2 AND deleted_at IS NULL
RETURNING id

-- name: findFiles
-- Row by row and apart from the planner's guesses: see resolveFlows.
SELECT d.place, f.id, f.content_id, f.size, encode(f.hash, 'hex') AS hash, f.content_type
FROM json_to_recordset($1::json) AS d(place integer, workspace_id uuid, name text)
JOIN LATERAL (
  SELECT * FROM file t WHERE t.workspace_id = d.workspace_id AND t.name = d.name AND t.deleted_at IS NULL OFFSET 0
) f ON true

-- name: readChunk
SELECT bytes FROM file_chunk WHERE workspace_id = $1 AND content_id = $2 AND ordinal = $3

-- name: unusedContents
-- At most $1.
SELECT c.workspace_id, c.id FROM file_content c
WHERE c.used_at < (SELECT clock()) - interval '1 hour'
  AND NOT EXISTS (SELECT 1 FROM file f WHERE f.workspace_id = c.workspace_id AND f.content_id = c.id)
LIMIT $1

-- name: removeUnused
-- Asked again under the row's lock: whoever gives it to a file marks it as used first.
WITH gone AS (
  DELETE FROM file_content c
  WHERE c.workspace_id = $1 AND c.id = $2 AND c.used_at < clock() - interval '1 hour'
    AND NOT EXISTS (SELECT 1 FROM file f WHERE f.workspace_id = c.workspace_id AND f.content_id = c.id)
  RETURNING c.workspace_id, c.id
)
DELETE FROM file_chunk k USING gone g WHERE k.workspace_id = g.workspace_id AND k.content_id = g.id
