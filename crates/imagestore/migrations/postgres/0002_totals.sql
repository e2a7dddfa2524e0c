-- The counters, as in migrations/sqlite: in the transaction of the change, so that one which is rolled back counts for nothing.
--
-- Other than in SQLite, a trigger for each row sees the table as the whole statement leaves it. Of several rows with the same bytes that one
-- statement removes, the last must count and no other: variants, which go by the dozen, are counted by the statement.
CREATE TABLE totals (
    of     TEXT   COLLATE "C" NOT NULL PRIMARY KEY,
    number BIGINT NOT NULL DEFAULT 0,
    bytes  BIGINT NOT NULL DEFAULT 0
) WITH (fillfactor = 50);

INSERT INTO totals (of)
VALUES ('images'), ('originals'), ('variants'), ('pending'), ('done'), ('not-worth-it'), ('failed'), ('saved'), ('deleted'), ('made'),
       ('evicted'), ('job-queued'), ('job-leased'), ('job-running'), ('job-done'), ('job-failed'), ('job-dead'), ('job-cancelled');

CREATE FUNCTION count_total(kind TEXT, more BIGINT, more_bytes BIGINT) RETURNS void LANGUAGE sql AS $$
    INSERT INTO totals (of, number, bytes) VALUES (kind, more, more_bytes)
    ON CONFLICT (of) DO UPDATE SET number = totals.number + excluded.number, bytes = totals.bytes + excluded.bytes;
$$;

CREATE FUNCTION count_added_image() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM count_total('images', 1, 0);
    PERFORM count_total('original-' || NEW.format, 1, NEW.bytes);
    IF NOT EXISTS (SELECT 1 FROM images WHERE digest = NEW.digest AND id <> NEW.id) THEN
        PERFORM count_total('originals', 1, NEW.bytes);
    END IF;
    UPDATE users SET images = images + 1, bytes = bytes + NEW.bytes WHERE id = NEW.owner;
    RETURN NULL;
END $$;

CREATE FUNCTION count_removed_image() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM count_total('images', -1, 0);
    PERFORM count_total('original-' || OLD.format, -1, -OLD.bytes);
    IF NOT EXISTS (SELECT 1 FROM images WHERE digest = OLD.digest) THEN
        PERFORM count_total('originals', -1, -OLD.bytes);
    END IF;
    IF OLD.deleted_us IS NOT NULL THEN
        PERFORM count_total('deleted', -1, -OLD.bytes);
    END IF;
    UPDATE users SET images = images - 1, bytes = bytes - OLD.bytes WHERE id = OLD.owner;
    RETURN NULL;
END $$;

-- As if the old one was removed and the new one added.
CREATE FUNCTION count_replaced_image() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (SELECT 1 FROM images WHERE digest = OLD.digest) THEN
        PERFORM count_total('originals', -1, -OLD.bytes);
    END IF;
    IF NOT EXISTS (SELECT 1 FROM images WHERE digest = NEW.digest AND id <> NEW.id) THEN
        PERFORM count_total('originals', 1, NEW.bytes);
    END IF;
    PERFORM count_total('original-' || OLD.format, -1, -OLD.bytes);
    PERFORM count_total('original-' || NEW.format, 1, NEW.bytes);
    UPDATE users SET bytes = bytes - OLD.bytes + NEW.bytes WHERE id = NEW.owner;
    RETURN NULL;
END $$;

CREATE FUNCTION count_hidden_image() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.deleted_us IS NULL THEN
        PERFORM count_total('deleted', 1, NEW.bytes);
    ELSE
        PERFORM count_total('deleted', -1, -NEW.bytes);
    END IF;
    RETURN NULL;
END $$;

CREATE TRIGGER images_added AFTER INSERT ON images FOR EACH ROW EXECUTE FUNCTION count_added_image();
CREATE TRIGGER images_removed AFTER DELETE ON images FOR EACH ROW EXECUTE FUNCTION count_removed_image();
CREATE TRIGGER images_replaced AFTER UPDATE OF digest ON images
    FOR EACH ROW WHEN (OLD.digest <> NEW.digest) EXECUTE FUNCTION count_replaced_image();
CREATE TRIGGER images_hidden AFTER UPDATE OF deleted_us ON images
    FOR EACH ROW WHEN ((OLD.deleted_us IS NULL) <> (NEW.deleted_us IS NULL)) EXECUTE FUNCTION count_hidden_image();

-- What a variant under a name saved against what it was made from.
CREATE FUNCTION saved_bytes(key TEXT, figures TEXT, bytes BIGINT) RETURNS BIGINT LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE WHEN key LIKE '%.%' THEN (figures::json ->> 'source_bytes')::bigint - bytes END;
$$;

CREATE FUNCTION count_added_variants() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM count_total('variants', count(*), 0) FROM added HAVING count(*) > 0;
    PERFORM count_total('variants', 0, sum(bytes)::bigint)
    FROM (SELECT DISTINCT digest, bytes FROM added) AS files
    WHERE (SELECT count(*) FROM variants WHERE digest = files.digest) = (SELECT count(*) FROM added WHERE digest = files.digest)
    HAVING count(*) > 0;
    PERFORM count_total('variant-' || format, count(*), sum(bytes)::bigint) FROM added GROUP BY format;
    PERFORM count_total('made', count(*), sum(bytes)::bigint) FROM added WHERE used_us IS NOT NULL HAVING count(*) > 0;
    PERFORM count_total('saved', count(*), sum(saved)::bigint)
    FROM (SELECT saved_bytes(key, figures, bytes) AS saved FROM added) AS all_saved WHERE saved IS NOT NULL HAVING count(*) > 0;
    RETURN NULL;
END $$;

CREATE FUNCTION count_removed_variants() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM count_total('variants', -count(*), 0) FROM removed HAVING count(*) > 0;
    PERFORM count_total('variants', 0, -sum(bytes)::bigint)
    FROM (SELECT DISTINCT digest, bytes FROM removed) AS files
    WHERE NOT EXISTS (SELECT 1 FROM variants WHERE digest = files.digest)
    HAVING count(*) > 0;
    PERFORM count_total('variant-' || format, -count(*), -sum(bytes)::bigint) FROM removed GROUP BY format;
    PERFORM count_total('made', -count(*), -sum(bytes)::bigint) FROM removed WHERE used_us IS NOT NULL HAVING count(*) > 0;
    PERFORM count_total('saved', -count(*), -sum(saved)::bigint)
    FROM (SELECT saved_bytes(key, figures, bytes) AS saved FROM removed) AS all_saved WHERE saved IS NOT NULL HAVING count(*) > 0;
    RETURN NULL;
END $$;

CREATE TRIGGER variants_added AFTER INSERT ON variants
    REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION count_added_variants();
CREATE TRIGGER variants_removed AFTER DELETE ON variants
    REFERENCING OLD TABLE AS removed FOR EACH STATEMENT EXECUTE FUNCTION count_removed_variants();

-- Master copies count by their state, whose name is that of the total.
CREATE FUNCTION count_renditions() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP <> 'INSERT' THEN
        PERFORM count_total(OLD.state, -1, -coalesce(OLD.bytes, 0));
    END IF;
    IF TG_OP <> 'DELETE' THEN
        PERFORM count_total(NEW.state, 1, coalesce(NEW.bytes, 0));
    END IF;
    RETURN NULL;
END $$;

CREATE TRIGGER renditions_counted AFTER INSERT OR DELETE OR UPDATE OF state, bytes ON renditions
    FOR EACH ROW EXECUTE FUNCTION count_renditions();

-- Jobs count by their status. `bytes` of those that are done are the bytes saved by them.
CREATE FUNCTION count_jobs() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP <> 'INSERT' THEN
        PERFORM count_total('job-' || OLD.status, -1, 0);
    END IF;
    IF TG_OP <> 'DELETE' THEN
        PERFORM count_total('job-' || NEW.status, 1, 0);
    END IF;
    RETURN NULL;
END $$;

CREATE TRIGGER jobs_counted AFTER INSERT OR DELETE OR UPDATE OF status ON jobs FOR EACH ROW EXECUTE FUNCTION count_jobs();

CREATE FUNCTION tell_of_job() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO webhooks (job_id, url, due_us) VALUES (NEW.id, NEW.webhook, NEW.updated_us)
    ON CONFLICT (job_id) DO UPDATE SET attempts = 0, due_us = excluded.due_us;
    RETURN NULL;
END $$;

CREATE TRIGGER jobs_end AFTER UPDATE OF status ON jobs FOR EACH ROW
    WHEN (NEW.webhook IS NOT NULL AND NEW.status IN ('done', 'failed', 'dead', 'cancelled') AND OLD.status <> NEW.status)
    EXECUTE FUNCTION tell_of_job();

CREATE FUNCTION forget_webhook() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM webhooks WHERE job_id = OLD.id;
    RETURN NULL;
END $$;

CREATE TRIGGER jobs_forgotten AFTER DELETE ON jobs FOR EACH ROW EXECUTE FUNCTION forget_webhook();

CREATE FUNCTION count_album_images() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        UPDATE albums SET images = images + 1 WHERE id = NEW.album_id;
    ELSE
        UPDATE albums SET images = images - 1, cover = nullif(cover, OLD.image_id) WHERE id = OLD.album_id;
    END IF;
    RETURN NULL;
END $$;

CREATE TRIGGER album_images_counted AFTER INSERT OR DELETE ON album_images FOR EACH ROW EXECUTE FUNCTION count_album_images();
