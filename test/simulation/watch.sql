-- What the simulation adds to the schema so that it sees every move: nothing of it uses the product's
-- own decisions. Each breach is a row of sim_breach; the driver looks after every statement.
CREATE TABLE sim_breach (id serial, what text NOT NULL);
CREATE SEQUENCE sim_order;
-- When executions ended, in which transaction; and what locks were granted to whom.
CREATE TABLE sim_end (execution_id uuid, generation integer, xid xid8, PRIMARY KEY (execution_id, generation));
CREATE TABLE sim_grant (key text, workspace_id uuid, execution_id uuid, token bigint, at bigint DEFAULT nextval('sim_order'));
CREATE TABLE sim_ticket (key text, execution_id uuid, seq integer, ticket bigint, outcome text, at bigint DEFAULT nextval('sim_order'));
CREATE TABLE sim_wait_over (execution_id uuid, generation integer, seq integer, kind text, due_at timestamptz, over_at timestamptz);

CREATE FUNCTION sim_report(what text) RETURNS void LANGUAGE sql AS $$ INSERT INTO sim_breach (what) VALUES (what) $$;

CREATE FUNCTION sim_execution() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'DELETE' THEN RETURN NULL; END IF;
  IF TG_OP = 'UPDATE' THEN
    IF NEW.version < OLD.version
      OR (NEW.version = OLD.version AND (NEW.status, NEW.epoch, NEW.generation) IS DISTINCT FROM (OLD.status, OLD.epoch, OLD.generation)
        -- A version guards what others can see. A stop of a debugger is a part of the commit that has raised
        -- it: the row as it was before the stop is this transaction's own.
        AND NOT (NEW.status = 'PAUSED' AND (NEW.epoch, NEW.generation) = (OLD.epoch, OLD.generation)
          AND OLD.xmin = pg_current_xact_id()::xid)) THEN
      PERFORM sim_report(format('I3: %s moved from version %s %s to %s %s', NEW.id, OLD.version, OLD.status, NEW.version, NEW.status));
    END IF;
    IF NEW.epoch < OLD.epoch THEN PERFORM sim_report(format('I3: the epoch of %s fell', NEW.id)); END IF;
    IF NEW.answered < OLD.answered AND NEW.generation = OLD.generation THEN PERFORM sim_report(format('I4: the answers of %s became fewer', NEW.id)); END IF;
    IF OLD.ended_at IS NOT NULL AND NEW.generation = OLD.generation AND
      (NEW.status, NEW.ended_at, NEW.message, NEW.output::text, NEW.output_hash, NEW.version, NEW.answered)
        IS DISTINCT FROM (OLD.status, OLD.ended_at, OLD.message, OLD.output::text, OLD.output_hash, OLD.version, OLD.answered) THEN
      PERFORM sim_report(format('I8: %s had ended %s and became %s', NEW.id, OLD.status, NEW.status));
    END IF;
  END IF;
  -- What has begun to run has the place that its flow asks for.
  IF TG_OP = 'UPDATE' AND OLD.started_at IS NULL AND NEW.started_at IS NOT NULL
    AND EXISTS (SELECT 1 FROM start_gate g WHERE g.execution_id = NEW.id AND g.key LIKE 'concurrency:%'
      AND NOT EXISTS (SELECT 1 FROM lock_holder h WHERE h.execution_id = NEW.id AND h.key = g.key)) THEN
    PERFORM sim_report(format('I17: %s runs without its place', NEW.id));
  END IF;
  -- Its end has given it back: whoever takes it back to a savepoint would let it run beside those who wait.
  IF TG_OP = 'UPDATE' AND OLD.ended_at IS NOT NULL AND NEW.ended_at IS NULL
    AND EXISTS (SELECT 1 FROM start_gate g WHERE g.execution_id = NEW.id AND g.key LIKE 'concurrency:%'
      AND NOT EXISTS (SELECT 1 FROM lock_holder h WHERE h.execution_id = NEW.id AND h.key = g.key)) THEN
    PERFORM sim_report(format('I17: %s goes on after its end without its place', NEW.id));
  END IF;
  IF NEW.ended_at IS NOT NULL AND (TG_OP = 'INSERT' OR OLD.ended_at IS NULL) THEN
    INSERT INTO sim_end VALUES (NEW.id, NEW.generation, pg_current_xact_id())
      ON CONFLICT DO NOTHING;
    IF NOT FOUND THEN PERFORM sim_report(format('I2: %s ended twice', NEW.id)); END IF;
  END IF;
  RETURN NULL;
END $$;
CREATE TRIGGER sim_execution AFTER INSERT OR UPDATE ON execution FOR EACH ROW EXECUTE FUNCTION sim_execution();

-- Nothing is written of an execution after the transaction of its end.
CREATE FUNCTION sim_late() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF EXISTS (SELECT 1 FROM sim_end e WHERE e.execution_id = NEW.execution_id AND e.generation = NEW.generation
             AND e.xid <> pg_current_xact_id()) THEN
    PERFORM sim_report(format('I2: a %s of %s was written after its end', TG_TABLE_NAME, NEW.execution_id));
  END IF;
  RETURN NULL;
END $$;
CREATE TRIGGER sim_late AFTER INSERT ON savepoint FOR EACH ROW EXECUTE FUNCTION sim_late();
CREATE TRIGGER sim_late AFTER INSERT ON answer FOR EACH ROW EXECUTE FUNCTION sim_late();
CREATE TRIGGER sim_late AFTER INSERT ON wait FOR EACH ROW EXECUTE FUNCTION sim_late();
CREATE TRIGGER sim_late AFTER INSERT ON log FOR EACH ROW EXECUTE FUNCTION sim_late();

CREATE FUNCTION sim_child() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF EXISTS (SELECT 1 FROM sim_end e WHERE e.execution_id = NEW.parent_execution_id AND e.xid <> pg_current_xact_id()
             AND e.generation = (SELECT p.generation FROM execution p WHERE p.workspace_id = NEW.workspace_id AND p.id = NEW.parent_execution_id)) THEN
    PERFORM sim_report(format('I2: %s was started by its parent after its end', NEW.id));
  END IF;
  RETURN NULL;
END $$;
CREATE TRIGGER sim_child AFTER INSERT ON execution FOR EACH ROW WHEN (NEW.parent_execution_id IS NOT NULL) EXECUTE FUNCTION sim_child();

CREATE FUNCTION sim_answer() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE before integer;
BEGIN
  SELECT count(*) INTO before FROM answer a WHERE a.workspace_id = NEW.workspace_id AND a.execution_id = NEW.execution_id AND a.generation = NEW.generation;
  IF EXISTS (SELECT 1 FROM answer a WHERE a.workspace_id = NEW.workspace_id AND a.execution_id = NEW.execution_id
             AND a.generation = NEW.generation AND a.seq = NEW.seq AND a.position <> NEW.position) THEN
    PERFORM sim_report(format('I4: command %s of %s was answered twice', NEW.seq, NEW.execution_id));
  END IF;
  IF NEW.position > before THEN
    PERFORM sim_report(format('I4: %s has a hole before answer %s', NEW.execution_id, NEW.position));
  END IF;
  RETURN NULL;
END $$;
CREATE TRIGGER sim_answer AFTER INSERT ON answer FOR EACH ROW EXECUTE FUNCTION sim_answer();

CREATE FUNCTION sim_wait_over() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO sim_wait_over VALUES (OLD.execution_id, OLD.generation, OLD.seq, OLD.kind, OLD.due_at, clock());
  RETURN NULL;
END $$;
CREATE TRIGGER sim_wait_over AFTER DELETE ON wait FOR EACH ROW WHEN (OLD.due_at IS NOT NULL) EXECUTE FUNCTION sim_wait_over();

-- Seen when the transaction commits, whole.
CREATE FUNCTION sim_holder() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE held integer; allowed integer; highest bigint;
BEGIN
  IF TG_OP = 'UPDATE' AND NEW.token = OLD.token THEN RETURN NULL; END IF;
  SELECT count(*) INTO held FROM lock_holder h WHERE h.workspace_id = NEW.workspace_id AND h.key = NEW.key;
  SELECT capacity INTO allowed FROM lock l WHERE l.workspace_id = NEW.workspace_id AND l.key = NEW.key;
  IF held > coalesce(allowed, 1) THEN
    PERFORM sim_report(format('I3: %s has %s holders of %s', NEW.key, held, allowed));
  END IF;
  SELECT max(token) INTO highest FROM sim_grant g WHERE g.workspace_id = NEW.workspace_id AND g.key = NEW.key;
  IF NEW.token <= highest THEN
    PERFORM sim_report(format('I3: token %s of %s was granted after %s', NEW.token, NEW.key, highest));
  END IF;
  INSERT INTO sim_grant (key, workspace_id, execution_id, token) VALUES (NEW.key, NEW.workspace_id, NEW.execution_id, NEW.token);
  RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER sim_holder AFTER INSERT OR UPDATE ON lock_holder DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION sim_holder();

-- The lock of a limit goes when nobody needs it; who makes it anew counts from the beginning.
CREATE FUNCTION sim_gate_gone() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  DELETE FROM sim_grant g WHERE g.workspace_id = OLD.workspace_id AND g.key = OLD.key;
  DELETE FROM sim_ticket t WHERE t.key = OLD.key;
  RETURN NULL;
END $$;
CREATE TRIGGER sim_gate_gone AFTER DELETE ON lock FOR EACH ROW WHEN (OLD.key ~ '^(concurrency|rate):') EXECUTE FUNCTION sim_gate_gone();

-- FIFO: whoever is granted has the lowest ticket of those whose wait is open.
CREATE FUNCTION sim_request() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF EXISTS (SELECT 1 FROM answer a WHERE a.workspace_id = OLD.workspace_id AND a.execution_id = OLD.execution_id
             AND a.generation = OLD.generation AND a.seq = OLD.seq AND a.outcome->>'kind' = 'value')
     AND EXISTS (SELECT 1 FROM lock_holder h WHERE h.workspace_id = OLD.workspace_id AND h.key = OLD.key
                 AND h.execution_id = OLD.execution_id AND h.depth = 1) THEN
    INSERT INTO sim_ticket (key, execution_id, seq, ticket, outcome) VALUES (OLD.key, OLD.execution_id, OLD.seq, OLD.ticket, 'granted');
    IF EXISTS (SELECT 1 FROM lock_request r JOIN wait w ON w.workspace_id = r.workspace_id AND w.execution_id = r.execution_id AND w.seq = r.seq
               WHERE r.workspace_id = OLD.workspace_id AND r.key = OLD.key AND r.action = 'acquire' AND (r.ticket < OLD.ticket
                 -- Granted at once: those that get their tickets in the same breath come after it.
                 OR (OLD.ticket IS NULL AND r.ticket IS NOT NULL AND r.xmin <> pg_current_xact_id()::xid))
                 AND w.kind = 'LOCK' AND w.generation = r.generation
                 AND NOT EXISTS (SELECT 1 FROM lock_holder h WHERE h.workspace_id = r.workspace_id AND h.key = r.key AND h.execution_id = r.execution_id)) THEN
      PERFORM sim_report(format('I5: ticket %s of %s was granted before a lower one', OLD.ticket, OLD.key));
    END IF;
  END IF;
  RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER sim_request AFTER DELETE ON lock_request DEFERRABLE INITIALLY DEFERRED FOR EACH ROW WHEN (OLD.action = 'acquire') EXECUTE FUNCTION sim_request();

-- A place in a flow is given back by an end alone, a turn in a rate by its time.
CREATE FUNCTION sim_place() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF OLD.key LIKE 'rate:%' AND OLD.expires_at > clock() THEN
    PERFORM sim_report(format('I17: a turn of %s was free %s too early', OLD.key, OLD.expires_at - clock()));
  END IF;
  IF OLD.key LIKE 'concurrency:%'
    AND EXISTS (SELECT 1 FROM execution e WHERE e.id = OLD.execution_id AND e.ended_at IS NULL) THEN
    PERFORM sim_report(format('I17: the place of %s was given away while it lived', OLD.execution_id));
  END IF;
  RETURN NULL;
END $$;
CREATE TRIGGER sim_place AFTER DELETE ON lock_holder FOR EACH ROW EXECUTE FUNCTION sim_place();
