-- What lists of executions leave out and search by. Only executions that have such a thing pay for it:
-- tables beside theirs, and indexes that leave out those without a value. The two that nearly every
-- execution is in (its name, who asked) are what a list over millions needs to find a few.

-- Executions that lists leave out: hidden ones, and those in the trash.
CREATE TABLE execution_aside (
  workspace_id uuid NOT NULL,
  execution_id uuid NOT NULL,
  is_hidden boolean NOT NULL DEFAULT false,
  deleted_at timestamptz,
  deleted_by uuid,
  PRIMARY KEY (workspace_id, execution_id),
  CONSTRAINT execution_aside_for_a_reason CHECK (is_hidden OR deleted_at IS NOT NULL)
);
CREATE INDEX execution_aside_trash ON execution_aside (workspace_id, execution_id) WHERE deleted_at IS NOT NULL;
CREATE INDEX execution_aside_hidden ON execution_aside (workspace_id, execution_id) WHERE is_hidden;

-- The tags of execution.extra, one row each: written by whoever writes those. Not by a trigger: Postgres
-- would read its condition anew in every statement that creates executions, nearly all of them without any.
CREATE TABLE execution_tag (
  workspace_id uuid NOT NULL,
  tag text NOT NULL,
  execution_id uuid NOT NULL,
  PRIMARY KEY (workspace_id, tag, execution_id)
);
-- This way round for the reason that 0030-scheduler.sql gives.
CREATE INDEX execution_tag_execution ON execution_tag (execution_id, workspace_id);

INSERT INTO execution_tag (workspace_id, tag, execution_id)
SELECT e.workspace_id, t.tag, e.id
FROM execution e CROSS JOIN LATERAL json_array_elements_text(
  CASE WHEN json_typeof(e.extra -> 'tags') = 'array' THEN e.extra -> 'tags' ELSE '[]' END) AS t (tag)
WHERE e.extra IS NOT NULL
ON CONFLICT DO NOTHING;

-- Each ends in the id, which is the order of lists. The conditions keep the planner of a hot statement,
-- which names none of these columns, from ever considering them.
CREATE INDEX execution_project ON execution (workspace_id, project_id, id) WHERE project_id IS NOT NULL;
CREATE INDEX execution_connector ON execution (workspace_id, connector_id, id) WHERE connector_id IS NOT NULL;
CREATE INDEX execution_other_type ON execution (workspace_id, type, id) WHERE type <> 'FLOW';
-- For LIKE 'prefix%', too.
CREATE INDEX execution_name ON execution (workspace_id, name text_pattern_ops, id) WHERE name IS NOT NULL;
CREATE INDEX execution_created_by ON execution (workspace_id, created_by, id) WHERE created_by IS NOT NULL;
