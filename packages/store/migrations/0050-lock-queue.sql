-- The head of a lock's queue without reading the rest of it, and the requests that have no ticket yet.
CREATE INDEX lock_request_ticket ON lock_request (workspace_id, key, ticket);
