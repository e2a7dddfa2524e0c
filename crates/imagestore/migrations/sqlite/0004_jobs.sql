-- Work for compressing services. Ids are UUIDv7: their order is the order of queueing.
--
-- `slot` says where the result goes: `name:compress` is a named variant, `key:<hex>` one that is found by its parameters. `due_us` is, of a
-- queued job, when it may be tried again (NULL: now), and of a leased one, when the lease ends. `token` proves the last lease and stays when
-- the job is over, so that a worker whose result arrived, but not the answer, may send it again. Jobs outlive their image: they tell what
-- became of it.
CREATE TABLE jobs (
    id          BLOB    NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    image_id    BLOB    NOT NULL CHECK (length(image_id) = 16),
    owner       TEXT    NOT NULL,
    backfill_id BLOB,
    task        TEXT    NOT NULL,
    slot        TEXT    NOT NULL,
    priority    INTEGER NOT NULL CHECK (priority BETWEEN 0 AND 9),
    status      TEXT    NOT NULL CHECK (status IN ('queued', 'leased', 'running', 'done', 'failed', 'dead', 'cancelled')),
    progress    INTEGER NOT NULL DEFAULT 0,
    attempts    INTEGER NOT NULL DEFAULT 0,
    due_us      INTEGER,
    worker      TEXT,
    token       TEXT,
    result      TEXT,
    problem     TEXT,
    webhook     TEXT,
    created_us  INTEGER NOT NULL,
    updated_us  INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- The same work is not queued twice.
CREATE UNIQUE INDEX jobs_active ON jobs (image_id, slot, task) WHERE status IN ('queued', 'leased', 'running');
CREATE INDEX jobs_ready ON jobs (priority, owner, id) WHERE status = 'queued' AND due_us IS NULL;
CREATE INDEX jobs_oldest ON jobs (id) WHERE status = 'queued' AND due_us IS NULL;
CREATE INDEX jobs_waiting ON jobs (due_us) WHERE status = 'queued' AND due_us IS NOT NULL;
CREATE INDEX jobs_leased ON jobs (due_us) WHERE status IN ('leased', 'running');
CREATE INDEX jobs_of_worker ON jobs (worker) WHERE status IN ('leased', 'running');
CREATE INDEX jobs_status ON jobs (status, id);
CREATE INDEX jobs_image ON jobs (image_id, id);
CREATE INDEX jobs_backfill ON jobs (backfill_id, status) WHERE backfill_id IS NOT NULL;
CREATE INDEX jobs_over ON jobs (updated_us) WHERE status IN ('done', 'failed', 'dead', 'cancelled');

-- Whose turn it is: the owner who was served last, and how many jobs were ever handed out.
CREATE TABLE job_turns (
    one        INTEGER NOT NULL PRIMARY KEY CHECK (one = 1),
    owner      TEXT    NOT NULL,
    handed_out INTEGER NOT NULL
) STRICT;

INSERT INTO job_turns (one, owner, handed_out) VALUES (1, '', 0);

-- Jobs for every image of a time, queued little by little. `cursor` is the last image that was looked at.
CREATE TABLE backfills (
    id         BLOB    NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    before_us  INTEGER NOT NULL,
    task       TEXT    NOT NULL,
    slot       TEXT    NOT NULL,
    priority   INTEGER NOT NULL,
    status     TEXT    NOT NULL CHECK (status IN ('running', 'paused', 'done', 'cancelled')),
    cursor     BLOB,
    looked_at  INTEGER NOT NULL DEFAULT 0,
    skipped    INTEGER NOT NULL DEFAULT 0,
    created_us INTEGER NOT NULL,
    updated_us INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX backfills_running ON backfills (id) WHERE status = 'running';

-- What clients asked to be told of: one row for each job that is over, until it was delivered or given up.
CREATE TABLE webhooks (
    job_id     BLOB    NOT NULL PRIMARY KEY CHECK (length(job_id) = 16),
    url        TEXT    NOT NULL,
    attempts   INTEGER NOT NULL DEFAULT 0,
    due_us     INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX webhooks_due ON webhooks (due_us);

CREATE TRIGGER jobs_end AFTER UPDATE OF status ON jobs
WHEN NEW.webhook IS NOT NULL AND NEW.status IN ('done', 'failed', 'dead', 'cancelled') AND OLD.status <> NEW.status BEGIN
    INSERT INTO webhooks (job_id, url, due_us) VALUES (NEW.id, NEW.webhook, NEW.updated_us)
    ON CONFLICT (job_id) DO UPDATE SET attempts = 0, due_us = excluded.due_us;
END;

CREATE TRIGGER jobs_forgotten AFTER DELETE ON jobs BEGIN
    DELETE FROM webhooks WHERE job_id = OLD.id;
END;

-- Jobs count by their status. `bytes` of those that are done are the bytes saved by them.
CREATE TRIGGER jobs_added AFTER INSERT ON jobs BEGIN
    UPDATE totals SET number = number + 1 WHERE of = 'job-' || NEW.status;
END;

CREATE TRIGGER jobs_changed AFTER UPDATE OF status ON jobs WHEN OLD.status <> NEW.status BEGIN
    UPDATE totals SET number = number - 1 WHERE of = 'job-' || OLD.status;
    UPDATE totals SET number = number + 1 WHERE of = 'job-' || NEW.status;
END;

CREATE TRIGGER jobs_removed AFTER DELETE ON jobs BEGIN
    UPDATE totals SET number = number - 1 WHERE of = 'job-' || OLD.status;
END;

INSERT INTO totals (of, number, bytes)
VALUES ('job-queued', 0, 0), ('job-leased', 0, 0), ('job-running', 0, 0), ('job-done', 0, 0), ('job-failed', 0, 0),
       ('job-dead', 0, 0), ('job-cancelled', 0, 0);

-- Formats of originals and of variants, and how many bytes the variants with figures saved against what they were made from: those that
-- are stored under a name, whose key is `name.extension`; the others may be of another size.
INSERT INTO totals (of, number, bytes) SELECT 'original-' || format, count(*), sum(bytes) FROM images GROUP BY format;
INSERT INTO totals (of, number, bytes) SELECT 'variant-' || format, count(*), sum(bytes) FROM variants GROUP BY format;
INSERT INTO totals (of, number, bytes)
SELECT 'saved', count(figures), ifnull(sum(json_extract(figures, '$.source_bytes') - bytes), 0) FROM variants
WHERE figures IS NOT NULL AND key LIKE '%.%';

CREATE TRIGGER images_added_by_format AFTER INSERT ON images BEGIN
    INSERT INTO totals (of, number, bytes) VALUES ('original-' || NEW.format, 1, NEW.bytes)
    ON CONFLICT (of) DO UPDATE SET number = number + 1, bytes = bytes + NEW.bytes;
END;

CREATE TRIGGER images_removed_by_format AFTER DELETE ON images BEGIN
    UPDATE totals SET number = number - 1, bytes = bytes - OLD.bytes WHERE of = 'original-' || OLD.format;
END;

CREATE TRIGGER variants_added_by_format AFTER INSERT ON variants BEGIN
    INSERT INTO totals (of, number, bytes) VALUES ('variant-' || NEW.format, 1, NEW.bytes)
    ON CONFLICT (of) DO UPDATE SET number = number + 1, bytes = bytes + NEW.bytes;
    UPDATE totals SET number = number + 1, bytes = bytes + json_extract(NEW.figures, '$.source_bytes') - NEW.bytes
    WHERE of = 'saved' AND NEW.figures IS NOT NULL AND NEW.key LIKE '%.%';
END;

CREATE TRIGGER variants_removed_by_format AFTER DELETE ON variants BEGIN
    UPDATE totals SET number = number - 1, bytes = bytes - OLD.bytes WHERE of = 'variant-' || OLD.format;
    UPDATE totals SET number = number - 1, bytes = bytes - (json_extract(OLD.figures, '$.source_bytes') - OLD.bytes)
    WHERE of = 'saved' AND OLD.figures IS NOT NULL AND OLD.key LIKE '%.%';
END;
