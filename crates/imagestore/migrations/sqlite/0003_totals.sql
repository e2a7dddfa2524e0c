-- What `GET /v1/stats` tells, without reading the rows it is about: triggers add to and take from these in the transaction of the change, so
-- that a change which is rolled back counts for nothing. The rows that are there already are counted once, at the end of this file.
--
-- `bytes` are those of files: equal bytes are one file and count once among the originals, and once among the variants. Whether another row
-- has the same bytes is one look into `images_digest` or `variants_digest`. No row of images or variants is ever changed, only added and
-- removed; those that a foreign key removes fire triggers too.
CREATE TABLE totals (
    of     TEXT    NOT NULL PRIMARY KEY,
    number INTEGER NOT NULL,
    bytes  INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TRIGGER images_added AFTER INSERT ON images BEGIN
    UPDATE totals SET number = number + 1 WHERE of = 'images';
    UPDATE totals SET number = number + 1, bytes = bytes + NEW.bytes
    WHERE of = 'originals' AND NOT EXISTS (SELECT 1 FROM images WHERE digest = NEW.digest AND id <> NEW.id);
END;

CREATE TRIGGER images_removed AFTER DELETE ON images BEGIN
    UPDATE totals SET number = number - 1 WHERE of = 'images';
    UPDATE totals SET number = number - 1, bytes = bytes - OLD.bytes
    WHERE of = 'originals' AND NOT EXISTS (SELECT 1 FROM images WHERE digest = OLD.digest);
END;

CREATE TRIGGER variants_added AFTER INSERT ON variants BEGIN
    UPDATE totals SET number = number + 1 WHERE of = 'variants';
    UPDATE totals SET bytes = bytes + NEW.bytes
    WHERE of = 'variants'
      AND NOT EXISTS (SELECT 1 FROM variants WHERE digest = NEW.digest AND (image_id, key) <> (NEW.image_id, NEW.key));
END;

CREATE TRIGGER variants_removed AFTER DELETE ON variants BEGIN
    UPDATE totals SET number = number - 1 WHERE of = 'variants';
    UPDATE totals SET bytes = bytes - OLD.bytes
    WHERE of = 'variants' AND NOT EXISTS (SELECT 1 FROM variants WHERE digest = OLD.digest);
END;

-- Master copies count by their state, whose name is that of the total.
CREATE TRIGGER renditions_added AFTER INSERT ON renditions BEGIN
    UPDATE totals SET number = number + 1, bytes = bytes + ifnull(NEW.bytes, 0) WHERE of = NEW.state;
END;

CREATE TRIGGER renditions_changed AFTER UPDATE OF state, bytes ON renditions BEGIN
    UPDATE totals SET number = number - 1, bytes = bytes - ifnull(OLD.bytes, 0) WHERE of = OLD.state;
    UPDATE totals SET number = number + 1, bytes = bytes + ifnull(NEW.bytes, 0) WHERE of = NEW.state;
END;

CREATE TRIGGER renditions_removed AFTER DELETE ON renditions BEGIN
    UPDATE totals SET number = number - 1, bytes = bytes - ifnull(OLD.bytes, 0) WHERE of = OLD.state;
END;

INSERT INTO totals (of, number, bytes)
SELECT 'images', count(*), 0 FROM images
UNION ALL
SELECT 'originals', count(*), ifnull(sum(bytes), 0) FROM (SELECT DISTINCT digest, bytes FROM images)
UNION ALL
SELECT 'variants', (SELECT count(*) FROM variants), ifnull(sum(bytes), 0) FROM (SELECT DISTINCT digest, bytes FROM variants)
UNION ALL
SELECT states.state, count(renditions.number), ifnull(sum(renditions.bytes), 0)
FROM (SELECT 'pending' AS state UNION ALL SELECT 'done' UNION ALL SELECT 'not-worth-it' UNION ALL SELECT 'failed') AS states
LEFT JOIN renditions ON renditions.state = states.state
GROUP BY states.state;
