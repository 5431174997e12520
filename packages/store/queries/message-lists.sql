-- name: select
-- Messages as they stand; ends where the condition is appended.
SELECT m.* FROM message_now m WHERE m.workspace_id = $1

-- name: count
SELECT count(*) AS total FROM message_now m WHERE m.workspace_id = $1
