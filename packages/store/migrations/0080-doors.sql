-- Webhooks and files. See packages/webhook/README.md and docs/adr/0014-doors.md.

CREATE TABLE webhook (
  workspace_id uuid NOT NULL,
  id uuid NOT NULL,
  name text NOT NULL CHECK (length(name) BETWEEN 1 AND 128),
  description text,
  project_id uuid,
  flow_id uuid NOT NULL,
  is_enabled boolean NOT NULL DEFAULT false,
  config json NOT NULL,              -- the rest of WebhookFields (packages/webhook), secrets included
  is_called_by_name boolean NOT NULL, -- an address names no workspace: the first of a name has it
  created_at timestamptz NOT NULL DEFAULT clock(),
  created_by uuid,
  modified_at timestamptz NOT NULL DEFAULT clock(),
  modified_by uuid,
  deleted_at timestamptz,
  deleted_by uuid,
  PRIMARY KEY (workspace_id, id)
);
CREATE UNIQUE INDEX webhook_name ON webhook (workspace_id, name) WHERE deleted_at IS NULL;
CREATE UNIQUE INDEX webhook_called_name ON webhook (name) WHERE is_called_by_name AND deleted_at IS NULL;
CREATE UNIQUE INDEX webhook_called_id ON webhook (id);

-- Deliveries that have started something, for as long as they could come again. Written in the
-- transaction that starts the execution: neither a repeat nor a crash starts two.
CREATE TABLE webhook_replay (
  workspace_id uuid NOT NULL,
  webhook_id uuid NOT NULL,
  key text NOT NULL CHECK (length(key) BETWEEN 1 AND 160),
  execution_id uuid NOT NULL,
  remember_until timestamptz NOT NULL,
  PRIMARY KEY (workspace_id, webhook_id, key)
);
CREATE INDEX webhook_replay_due ON webhook_replay (remember_until);

-- What is left of a webhook's rate; a row that is not there is a full one.
CREATE TABLE webhook_bucket (
  workspace_id uuid NOT NULL,
  webhook_id uuid NOT NULL,
  tokens double precision NOT NULL,
  counted_at timestamptz NOT NULL DEFAULT clock(),
  PRIMARY KEY (workspace_id, webhook_id)
) WITH (fillfactor = 50);

-- What came of the latest calls, for whoever sets up a sender. Told after the fact: a crash loses the
-- line, never the execution.
CREATE TABLE webhook_delivery (
  workspace_id uuid NOT NULL,
  webhook_id uuid NOT NULL,
  id uuid NOT NULL,
  at timestamptz NOT NULL DEFAULT clock(),
  outcome text NOT NULL CHECK (outcome IN ('started', 'repeated', 'refused')),
  reason text,                       -- of a refusal: one of the closed list in packages/webhook
  detail text,
  method text NOT NULL,
  path text NOT NULL,                -- below /call
  address text,
  body_size integer NOT NULL,        -- bytes
  execution_id uuid,
  PRIMARY KEY (workspace_id, webhook_id, id)
);
CREATE INDEX webhook_delivery_age ON webhook_delivery (at);

CREATE TABLE file (
  workspace_id uuid NOT NULL,
  id uuid NOT NULL,
  name text NOT NULL CHECK (length(name) BETWEEN 1 AND 512),
  description text,
  project_id uuid,
  content_id uuid NOT NULL,
  size bigint NOT NULL,              -- bytes
  hash bytea NOT NULL,               -- sha256 of the content
  content_type text,
  created_at timestamptz NOT NULL DEFAULT clock(),
  created_by uuid,
  modified_at timestamptz NOT NULL DEFAULT clock(),
  modified_by uuid,
  deleted_at timestamptz,
  deleted_by uuid,
  PRIMARY KEY (workspace_id, id)
);
CREATE UNIQUE INDEX file_name ON file (workspace_id, name) WHERE deleted_at IS NULL;
CREATE INDEX file_content_of ON file (workspace_id, content_id);

-- A content is written piece by piece and then given to a file at once: a reader sees the old one or
-- the new one. Nobody's for an hour (an upload that broke off, what was replaced): it is removed.
CREATE TABLE file_content (
  workspace_id uuid NOT NULL,
  id uuid NOT NULL,
  used_at timestamptz NOT NULL DEFAULT clock(),
  PRIMARY KEY (workspace_id, id)
);

CREATE TABLE file_chunk (
  workspace_id uuid NOT NULL,
  content_id uuid NOT NULL,
  ordinal integer NOT NULL,          -- 0, 1, 2 …; all but the last are of one size
  bytes bytea NOT NULL,
  PRIMARY KEY (workspace_id, content_id, ordinal)
);
-- Uploads are mostly packed already, and are read whole.
ALTER TABLE file_chunk ALTER COLUMN bytes SET STORAGE EXTERNAL;
