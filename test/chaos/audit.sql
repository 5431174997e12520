-- Notes what the tables do not keep: ends, changes after the end, takeovers, the order of grants.
-- Installed by the harness in the stack's own Postgres; the stack does not know of it.
CREATE SCHEMA IF NOT EXISTS chaos;
CREATE TABLE IF NOT EXISTS chaos.event (
  n bigserial PRIMARY KEY,
  at timestamptz NOT NULL DEFAULT clock_timestamp(),
  xid bigint NOT NULL DEFAULT (pg_current_xact_id()::text::bigint & 4294967295),
  what text NOT NULL,
  execution_id uuid NOT NULL,
  detail jsonb NOT NULL DEFAULT '{}'
);

CREATE OR REPLACE FUNCTION chaos.note(what text, execution_id uuid, detail jsonb) RETURNS void
LANGUAGE sql AS $$ INSERT INTO chaos.event (what, execution_id, detail) VALUES ($1, $2, $3) $$;

CREATE OR REPLACE FUNCTION chaos.on_execution() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'INSERT' THEN
    IF NEW.parent_execution_id IS NOT NULL THEN
      PERFORM chaos.note('born', NEW.id, '{}');
    END IF;
    IF NEW.ended_at IS NOT NULL THEN
      PERFORM chaos.note('end', NEW.id, jsonb_build_object('generation', NEW.generation, 'status', NEW.status));
    END IF;
    RETURN NULL;
  ELSIF TG_OP = 'DELETE' THEN
    PERFORM chaos.note('deleted', OLD.id, jsonb_build_object('status', OLD.status));
    RETURN NULL;
  END IF;
  IF OLD.ended_at IS NULL AND NEW.ended_at IS NOT NULL THEN
    PERFORM chaos.note('end', NEW.id, jsonb_build_object('generation', NEW.generation, 'status', NEW.status));
  ELSIF OLD.ended_at IS NOT NULL AND NEW.generation = OLD.generation AND (
    NEW.status, NEW.ended_at, NEW.message, NEW.output::text, NEW.output_hash, NEW.version
  ) IS DISTINCT FROM (
    OLD.status, OLD.ended_at, OLD.message, OLD.output::text, OLD.output_hash, OLD.version
  ) THEN
    PERFORM chaos.note('after end', NEW.id, jsonb_build_object('from', OLD.status, 'to', NEW.status));
  END IF;
  IF NEW.version < OLD.version OR NEW.epoch < OLD.epoch OR NEW.generation < OLD.generation THEN
    PERFORM chaos.note('backwards', NEW.id, jsonb_build_object(
      'from', jsonb_build_array(OLD.version, OLD.epoch, OLD.generation),
      'to', jsonb_build_array(NEW.version, NEW.epoch, NEW.generation)));
  END IF;
  -- A stop of a debugger is part of the commit that raised the version: nobody sees what is in between.
  IF NEW.status <> OLD.status AND NEW.version = OLD.version
    AND NOT (NEW.status = 'PAUSED' AND OLD.xmin = pg_current_xact_id()::xid) THEN
    PERFORM chaos.note('unversioned', NEW.id, jsonb_build_object('from', OLD.status, 'to', NEW.status));
  END IF;
  IF NEW.generation > OLD.generation THEN
    PERFORM chaos.note('life', NEW.id, jsonb_build_object('generation', NEW.generation, 'was', OLD.status));
  END IF;
  -- What begins to run, and what goes on after it had ended, has the place that its flow asks for.
  IF (OLD.started_at IS NULL AND NEW.started_at IS NOT NULL OR OLD.ended_at IS NOT NULL AND NEW.ended_at IS NULL)
    AND EXISTS (SELECT 1 FROM start_gate g WHERE g.workspace_id = NEW.workspace_id AND g.execution_id = NEW.id
      AND g.key LIKE 'concurrency:%' AND NOT EXISTS (SELECT 1 FROM lock_holder h
        WHERE h.workspace_id = g.workspace_id AND h.key = g.key AND h.execution_id = g.execution_id)) THEN
    PERFORM chaos.note('no place', NEW.id, jsonb_build_object('status', NEW.status, 'generation', NEW.generation));
  END IF;
  IF OLD.status = 'AT_ENGINE' AND NEW.recoveries > OLD.recoveries OR OLD.status <> 'LOST' AND NEW.status = 'LOST' THEN
    PERFORM chaos.note('recovered', NEW.id, jsonb_build_object('epoch', NEW.epoch, 'process', OLD.process_id));
  END IF;
  IF NEW.process_id <> OLD.process_id THEN
    PERFORM chaos.note('handover', NEW.id, jsonb_build_object('from', OLD.process_id, 'to', NEW.process_id));
  END IF;
  RETURN NULL;
END $$;
CREATE OR REPLACE TRIGGER chaos_execution_change AFTER UPDATE OR DELETE ON execution
  FOR EACH ROW EXECUTE FUNCTION chaos.on_execution();
CREATE OR REPLACE TRIGGER chaos_execution_birth AFTER INSERT ON execution
  FOR EACH ROW WHEN (NEW.ended_at IS NOT NULL OR NEW.parent_execution_id IS NOT NULL) EXECUTE FUNCTION chaos.on_execution();

CREATE OR REPLACE FUNCTION chaos.on_request() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'DELETE' THEN
    PERFORM chaos.note('unask', OLD.execution_id, jsonb_build_object(
      'key', OLD.key, 'seq', OLD.seq, 'action', OLD.action, 'ticket', OLD.ticket));
  ELSIF TG_OP = 'INSERT' THEN
    PERFORM chaos.note('ask', NEW.execution_id, jsonb_build_object(
      'key', NEW.key, 'seq', NEW.seq, 'action', NEW.action));
  ELSE
    PERFORM chaos.note('ticket', NEW.execution_id, jsonb_build_object(
      'key', NEW.key, 'seq', NEW.seq, 'ticket', NEW.ticket, 'was', OLD.ticket));
  END IF;
  RETURN NULL;
END $$;
CREATE OR REPLACE TRIGGER chaos_request AFTER INSERT OR UPDATE OF ticket OR DELETE ON lock_request
  FOR EACH ROW EXECUTE FUNCTION chaos.on_request();

CREATE OR REPLACE FUNCTION chaos.on_holder() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'DELETE' OR TG_OP = 'UPDATE' AND NEW.token <> OLD.token THEN
    PERFORM chaos.note('free', OLD.execution_id, jsonb_build_object('key', OLD.key, 'token', OLD.token));
  END IF;
  IF TG_OP = 'DELETE' AND OLD.key LIKE 'rate:%' AND OLD.expires_at > clock() THEN
    PERFORM chaos.note('turn early', OLD.execution_id, jsonb_build_object('key', OLD.key));
  END IF;
  IF TG_OP = 'DELETE' AND OLD.key LIKE 'concurrency:%' AND EXISTS (SELECT 1 FROM execution e
    WHERE e.workspace_id = OLD.workspace_id AND e.id = OLD.execution_id AND e.ended_at IS NULL) THEN
    PERFORM chaos.note('place lost', OLD.execution_id, jsonb_build_object('key', OLD.key));
  END IF;
  IF TG_OP = 'INSERT' OR TG_OP = 'UPDATE' AND NEW.token <> OLD.token THEN
    PERFORM chaos.note('grant', NEW.execution_id, jsonb_build_object('key', NEW.key, 'token', NEW.token,
      'until', extract(epoch FROM NEW.expires_at) * 1000));
  END IF;
  RETURN NULL;
END $$;
CREATE OR REPLACE TRIGGER chaos_holder AFTER INSERT OR UPDATE OR DELETE ON lock_holder
  FOR EACH ROW EXECUTE FUNCTION chaos.on_holder();

CREATE OR REPLACE FUNCTION chaos.on_wait_over() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM chaos.note('wait over', OLD.execution_id, jsonb_build_object(
    'kind', OLD.kind, 'seq', OLD.seq, 'generation', OLD.generation, 'subject', OLD.subject,
    'due', extract(epoch FROM OLD.due_at) * 1000));
  RETURN NULL;
END $$;
CREATE OR REPLACE TRIGGER chaos_wait_over AFTER DELETE ON wait
  FOR EACH ROW WHEN (OLD.kind IN ('TIMER', 'LOCK', 'START')) EXECUTE FUNCTION chaos.on_wait_over();
