-- name: insertAudit
INSERT INTO audit (workspace_id, id, actor_id, action, subject, details)
VALUES ($1, $2, $3, $4, $5, $6::json)
