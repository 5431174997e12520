-- What executions ask of people. See docs/adr/0012-messages.md.

-- A message that its own execution waits for is open for exactly as long as that wait is: whoever
-- deletes the wait (an answer, a timeout, an end, a revert) has decided, and nothing else has to be
-- written for it. `status` follows later where the answer did not set it; read message_now instead.
CREATE TABLE message (
  workspace_id uuid NOT NULL,
  id uuid NOT NULL,                  -- made of execution, generation and command: asking twice asks once
  execution_id uuid NOT NULL,        -- who asks
  generation integer NOT NULL,
  seq integer NOT NULL,              -- the command that asked
  is_awaited boolean NOT NULL,       -- that command waits for the answer
  status text NOT NULL DEFAULT 'OPEN',
  title text NOT NULL,               -- one line
  form json NOT NULL,                -- Form of packages/form
  assignees text[] NOT NULL DEFAULT '{}', -- names and ids; empty: everybody of the workspace
  allows_links boolean NOT NULL DEFAULT false,
  plan json,                         -- when who is told that it is not answered; null: nobody ever
  progress json,                     -- how far the plan was carried out
  next_at timestamptz,               -- the next step of the plan
  due_at timestamptz,                -- when an answer is expected
  changes integer NOT NULL DEFAULT 1,
  created_at timestamptz NOT NULL DEFAULT clock(),
  response json,                     -- as the flow reads it, secret fields included: shown by nobody
  button text,                       -- the one that was pressed
  answered_at timestamptz,
  answered_by text,                  -- a user's name, or whom the link was made for
  answered_by_id uuid,               -- null: by a link
  closed_at timestamptz,
  closed_why text,
  PRIMARY KEY (workspace_id, id),
  CONSTRAINT message_status_known CHECK (status IN ('OPEN', 'ANSWERED', 'CLOSED')),
  CONSTRAINT message_closed_why_known CHECK (closed_why IN ('TIMEOUT', 'ENDED', 'WITHDRAWN')),
  CONSTRAINT message_answered_when_answered CHECK (
    (answered_at IS NOT NULL) = (status = 'ANSWERED') AND (answered_by IS NOT NULL) = (status = 'ANSWERED')),
  CONSTRAINT message_closed_when_closed CHECK (
    (closed_at IS NOT NULL) = (status = 'CLOSED') AND (closed_why IS NOT NULL) = (status = 'CLOSED'))
);
-- This way round for the reason that 0030-scheduler.sql gives.
CREATE INDEX message_execution ON message (execution_id, workspace_id);
CREATE INDEX message_open ON message (workspace_id, id) WHERE status = 'OPEN';
CREATE INDEX message_next ON message (next_at) WHERE next_at IS NOT NULL;

-- Messages as they stand: one whose wait is gone is closed, also before anybody has written that down.
CREATE VIEW message_now AS
SELECT
  m.workspace_id, m.id, m.execution_id, m.generation, m.seq, m.is_awaited,
  m.status AS stored_status,
  CASE WHEN g.is_gone THEN 'CLOSED' ELSE m.status END AS status,
  m.title, m.form, m.assignees, m.allows_links, m.plan, m.progress, m.next_at, m.due_at, m.changes,
  m.created_at, m.response, m.button, m.answered_at, m.answered_by, m.answered_by_id,
  CASE WHEN g.is_gone THEN coalesce(e.ended_at, e.moved_at, m.created_at) ELSE m.closed_at END AS closed_at,
  CASE
    WHEN NOT g.is_gone THEN m.closed_why
    WHEN e.generation > m.generation THEN 'WITHDRAWN'
    WHEN e.ended_at IS NULL AND e.id IS NOT NULL THEN 'TIMEOUT'
    ELSE 'ENDED'
  END AS closed_why,
  w.due_at AS expires_at,              -- when its execution gives up waiting
  e.name AS execution_name, e.flow_id, e.project_id
FROM message m
  LEFT JOIN LATERAL (
    SELECT e.id, e.generation, e.ended_at, e.moved_at, e.name, e.flow_id, e.project_id FROM execution e
    WHERE e.workspace_id = m.workspace_id AND e.id = m.execution_id LIMIT 1
  ) e ON true
  LEFT JOIN LATERAL (
    SELECT w.seq, w.due_at FROM wait w
    WHERE w.workspace_id = m.workspace_id AND w.execution_id = m.execution_id AND w.seq = m.seq
      AND w.generation = m.generation LIMIT 1
  ) w ON m.status = 'OPEN' AND m.is_awaited
  CROSS JOIN LATERAL (SELECT m.status = 'OPEN' AND m.is_awaited AND w.seq IS NULL AS is_gone) g;

-- What links that answer without a login are signed with; the newest signs, all of them are accepted.
CREATE TABLE link_key (
  id text PRIMARY KEY CHECK (id ~ '^[A-Za-z0-9_-]{1,32}$'),
  key bytea NOT NULL CHECK (length(key) >= 32),
  created_at timestamptz NOT NULL DEFAULT clock()
);
INSERT INTO link_key (id, key)
VALUES ('1', sha256(uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid())));
