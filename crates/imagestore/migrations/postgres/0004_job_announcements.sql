-- When a queued job was announced to a message broker, as in migrations/sqlite/0014_job_announcements.sql.
ALTER TABLE jobs ADD COLUMN announced_us BIGINT;

CREATE INDEX jobs_unannounced ON jobs (priority DESC, id) WHERE status = 'queued' AND due_us IS NULL AND announced_us IS NULL;
CREATE INDEX jobs_announced ON jobs (announced_us) WHERE status = 'queued' AND due_us IS NULL AND announced_us IS NOT NULL;

-- Queued again it is to be announced again.
CREATE FUNCTION forget_announcement() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.announced_us := NULL;
    RETURN NEW;
END $$;

CREATE TRIGGER jobs_taken BEFORE UPDATE OF status ON jobs
FOR EACH ROW WHEN (OLD.status = 'queued' AND NEW.status <> 'queued' AND NEW.announced_us IS NOT NULL)
EXECUTE FUNCTION forget_announcement();
