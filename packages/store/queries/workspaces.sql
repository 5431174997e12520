-- name: insertWorkspace
INSERT INTO workspace (id, name) VALUES ($1, $2)

-- name: readWorkspace
SELECT id, name, created_at FROM workspace WHERE id = $1

-- name: listWorkspaces
SELECT id, name, created_at FROM workspace
WHERE $1::text IS NULL OR name > $1
ORDER BY name LIMIT $2

-- name: lockBootstrap
-- two processes that start together must not both found the first workspace
SELECT pg_advisory_xact_lock(7216012)

-- name: anyWorkspace
SELECT EXISTS (SELECT FROM workspace) AS any

-- name: readInstallation
SELECT organization_id FROM installation
