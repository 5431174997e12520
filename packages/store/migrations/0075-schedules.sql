-- Schedules: flows that start by themselves. docs/guide/schedules.md tells it to users,
-- docs/adr/0013-schedules.md why it is made this way.

-- A script that decides when: one iteration each run.
CREATE TABLE scheduler (
  workspace_id uuid NOT NULL,
  id uuid NOT NULL,
  name text NOT NULL CHECK (length(name) BETWEEN 1 AND 128),
  description text,
  project_id uuid,
  script_hash bytea NOT NULL,
  created_at timestamptz NOT NULL DEFAULT clock(),
  created_by uuid,
  modified_at timestamptz NOT NULL DEFAULT clock(),
  modified_by uuid,
  deleted_at timestamptz,
  deleted_by uuid,
  PRIMARY KEY (workspace_id, id)
);
CREATE UNIQUE INDEX scheduler_name ON scheduler (workspace_id, name) WHERE deleted_at IS NULL;
-- For retention, as flows have it: see 0040-retention.sql.
CREATE INDEX scheduler_script ON scheduler (script_hash, workspace_id);
CREATE TRIGGER scheduler_script_changed AFTER UPDATE OF script_hash ON scheduler FOR EACH ROW
  WHEN (OLD.script_hash <> NEW.script_hash) EXECUTE FUNCTION note_script_let_go();
CREATE TRIGGER scheduler_removed AFTER DELETE ON scheduler FOR EACH ROW EXECUTE FUNCTION note_script_let_go();

-- The upper half is people's, the lower half is what the scheduler service goes by; its row lock is
-- held by whoever works on a schedule, so that two never decide about one planned time.
CREATE TABLE schedule (
  workspace_id uuid NOT NULL,
  id uuid NOT NULL,
  name text NOT NULL CHECK (length(name) BETWEEN 1 AND 128),
  description text,
  project_id uuid,
  flow_id uuid NOT NULL,
  setting_id uuid,
  scheduler_id uuid,                 -- its script decides when …
  timing json,                       -- … or this: Timing of packages/schedule
  input_value json,                  -- an object: what each run gets
  is_enabled boolean NOT NULL DEFAULT true,
  is_productive boolean NOT NULL DEFAULT true,
  catch_up text NOT NULL DEFAULT 'none' CHECK (catch_up IN ('none', 'last', 'all')),
  catch_up_window_seconds integer NOT NULL DEFAULT 31536000,
  overlap text NOT NULL DEFAULT 'skip' CHECK (overlap IN ('skip', 'queue_one', 'queue_all', 'allow', 'cancel_running', 'terminate_running')),
  jitter_seconds integer NOT NULL DEFAULT 0,
  starts_at timestamptz,
  ends_at timestamptz,
  created_at timestamptz NOT NULL DEFAULT clock(),
  created_by uuid,
  modified_at timestamptz NOT NULL DEFAULT clock(),
  modified_by uuid,
  deleted_at timestamptz,
  deleted_by uuid,
  revision integer NOT NULL DEFAULT 1,                 -- counts changes that need another iteration
  begun_at timestamptz NOT NULL DEFAULT clock(),       -- its creation, or the last change of its timing
  decided_until timestamptz NOT NULL DEFAULT clock(),  -- planned times up to here are decided
  paused_at timestamptz,
  resumed_at timestamptz,            -- the end of a pause that no decision has looked at yet
  resume_catch_up text,              -- what the person who resumed it chose instead of catch_up
  last_end_at timestamptz,           -- of its runs, for intervals that count from there
  finished_at timestamptz,           -- since when no planned time is left
  problem text,                      -- why no iteration can be started
  PRIMARY KEY (workspace_id, id),
  CONSTRAINT schedule_one_way_of_timing CHECK ((scheduler_id IS NULL) <> (timing IS NULL))
) WITH (fillfactor = 70);
CREATE UNIQUE INDEX schedule_name ON schedule (workspace_id, name) WHERE deleted_at IS NULL;

-- The live iteration of a schedule. That there is one at most is this primary key: a second one is
-- born in the transaction that inserts here, and not at all when that finds a row.
CREATE TABLE schedule_iteration (
  workspace_id uuid NOT NULL,
  schedule_id uuid NOT NULL,
  execution_id uuid NOT NULL,
  revision integer NOT NULL,         -- of the schedule that it was made for
  planned_at timestamptz,            -- the time that it waits for; null: its script knows
  start_at timestamptz,              -- when it starts; null: at once
  jitter_ms integer NOT NULL DEFAULT 0,
  fired_at timestamptz,              -- its time has come and was decided about
  held boolean NOT NULL DEFAULT false,     -- paused because its schedule is
  since timestamptz NOT NULL DEFAULT clock(),
  PRIMARY KEY (workspace_id, schedule_id)
) WITH (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.1, autovacuum_vacuum_cost_limit = 1000);
-- This way round for the reason that 0030-scheduler.sql gives.
CREATE UNIQUE INDEX schedule_iteration_execution ON schedule_iteration (execution_id, workspace_id);
CREATE INDEX schedule_iteration_due ON schedule_iteration (start_at)
  WHERE planned_at IS NOT NULL AND fired_at IS NULL AND NOT held;

-- What became of each planned time, and of what people started besides.
CREATE TABLE schedule_run (
  workspace_id uuid NOT NULL,
  id uuid NOT NULL,
  schedule_id uuid NOT NULL,
  origin text NOT NULL CHECK (origin IN ('TIMING', 'SCRIPT', 'BACKFILL', 'TRIGGER')),
  backfill_id uuid,                  -- BACKFILL and TRIGGER: a queue of its own
  planned_at timestamptz NOT NULL,
  last_planned_at timestamptz,       -- DROPPED: the last of as many times in a row …
  count integer NOT NULL DEFAULT 1,  -- … as this
  state text NOT NULL CHECK (state IN ('QUEUED', 'STARTED', 'ENDED', 'SKIPPED', 'DROPPED')),
  reason text,                       -- SKIPPED and DROPPED: why
  overlap text NOT NULL,
  execution_id uuid,
  decided_at timestamptz NOT NULL DEFAULT clock(),
  settled_at timestamptz,            -- since when nothing more comes of it
  PRIMARY KEY (workspace_id, id)
) WITH (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.1, autovacuum_vacuum_cost_limit = 1000);
-- A planned time is decided once.
CREATE UNIQUE INDEX schedule_run_planned ON schedule_run (workspace_id, schedule_id, planned_at) WHERE origin = 'TIMING';
CREATE INDEX schedule_run_open ON schedule_run (workspace_id, schedule_id, id) WHERE state IN ('QUEUED', 'STARTED');
CREATE INDEX schedule_run_of ON schedule_run (schedule_id, id);
CREATE INDEX schedule_run_execution ON schedule_run (execution_id, workspace_id) WHERE execution_id IS NOT NULL;
CREATE INDEX schedule_run_settled ON schedule_run (workspace_id, settled_at) WHERE settled_at IS NOT NULL;
