-- When a queued job was announced to a message broker; NULL: it is to be announced. So a job's row, written in the transaction that queues
-- it, is also what is to be sent. Of a job that is not queued it says nothing.
ALTER TABLE jobs ADD COLUMN announced_us INTEGER;

CREATE INDEX jobs_unannounced ON jobs (priority DESC, id) WHERE status = 'queued' AND due_us IS NULL AND announced_us IS NULL;
CREATE INDEX jobs_announced ON jobs (announced_us) WHERE status = 'queued' AND due_us IS NULL AND announced_us IS NOT NULL;

-- Queued again it is to be announced again.
CREATE TRIGGER jobs_taken AFTER UPDATE OF status ON jobs
WHEN OLD.status = 'queued' AND NEW.status <> 'queued' AND NEW.announced_us IS NOT NULL BEGIN
    UPDATE jobs SET announced_us = NULL WHERE id = NEW.id;
END;
