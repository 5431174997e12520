-- name: putScript
-- the same source again is the same row; $3 is sha256 of language, a NUL byte and the source
INSERT INTO script (workspace_id, hash, language, source)
VALUES ($1, decode($2, 'hex'), $3, $4)
ON CONFLICT (workspace_id, hash) DO NOTHING

-- name: readScript
SELECT language, source FROM script WHERE workspace_id = $1 AND hash = decode($2, 'hex')
