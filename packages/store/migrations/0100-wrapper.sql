-- Wrappers: scripts that run in place of what they wrap and know how to start it. See
-- docs/guide/wrappers.md and docs/adr/0017-wrappers.md.

CREATE TABLE wrapper (
  workspace_id uuid NOT NULL,
  id uuid NOT NULL,
  name text NOT NULL CHECK (length(name) BETWEEN 1 AND 128),
  description text,
  project_id uuid,
  script_hash bytea NOT NULL,
  input_schema json,                 -- of its own inputs, not of those of what it wraps
  is_wrapped boolean NOT NULL DEFAULT false,
  standard_name text,                -- the one of the product that it was installed as
  standard_digest text,              -- of what was installed; another one now: a person has changed it
  created_at timestamptz NOT NULL DEFAULT clock(),
  created_by uuid,
  modified_at timestamptz NOT NULL DEFAULT clock(),
  modified_by uuid,
  deleted_at timestamptz,
  deleted_by uuid,
  PRIMARY KEY (workspace_id, id),
  CONSTRAINT wrapper_standard CHECK ((standard_name IS NULL) = (standard_digest IS NULL))
);
CREATE UNIQUE INDEX wrapper_name ON wrapper (workspace_id, name) WHERE deleted_at IS NULL;
CREATE UNIQUE INDEX wrapper_standard_name ON wrapper (workspace_id, standard_name) WHERE standard_name IS NOT NULL;
-- As flow_script of 0040-retention.sql: a script that a wrapper has is in use.
CREATE INDEX wrapper_script ON wrapper (script_hash, workspace_id);
CREATE TRIGGER wrapper_script_changed AFTER UPDATE OF script_hash ON wrapper FOR EACH ROW
  WHEN (OLD.script_hash <> NEW.script_hash) EXECUTE FUNCTION note_script_let_go();
CREATE TRIGGER wrapper_removed AFTER DELETE ON wrapper FOR EACH ROW EXECUTE FUNCTION note_script_let_go();

-- What is always wrapped, and by which wrappers: ordinal 0 is the outermost.
CREATE TABLE static_wrapper (
  workspace_id uuid NOT NULL,
  wrapped_id uuid NOT NULL,          -- a flow, a connector, a wrapper, …: ids are unique among all of them
  ordinal smallint NOT NULL CHECK (ordinal >= 0),
  wrapped_type text NOT NULL,        -- as in the path of its address
  wrapper_id uuid NOT NULL,
  input json NOT NULL,               -- of the wrapper: an object
  PRIMARY KEY (workspace_id, wrapped_id, ordinal)
);
CREATE INDEX static_wrapper_uses ON static_wrapper (workspace_id, wrapper_id);

-- Whether it has rows in static_wrapper: kept with the record that every start reads anyway, so that
-- what is not wrapped never asks.
ALTER TABLE flow ADD COLUMN is_wrapped boolean NOT NULL DEFAULT false;
ALTER TABLE connector ADD COLUMN is_wrapped boolean NOT NULL DEFAULT false;

-- The wrappers of a record as its API shows them.
CREATE FUNCTION static_wrappers(workspace uuid, wrapped uuid) RETURNS json LANGUAGE sql STABLE AS $$
  SELECT json_agg(json_build_object('id', s.wrapper_id, 'name', w.name, 'input', s.input) ORDER BY s.ordinal)
  FROM static_wrapper s JOIN wrapper w ON w.workspace_id = s.workspace_id AND w.id = s.wrapper_id
  WHERE s.workspace_id = workspace AND s.wrapped_id = wrapped
$$;

-- Of what a wrapper does: tells whether a person has changed a standard one.
CREATE FUNCTION wrapper_digest(script_hash bytea, input_schema json) RETURNS text LANGUAGE sql STABLE AS $$
  SELECT encode(sha256(script_hash || convert_to(coalesce(input_schema::text, ''), 'UTF8')), 'hex')
$$;
