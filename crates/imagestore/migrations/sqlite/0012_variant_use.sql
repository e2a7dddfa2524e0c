-- When a variant that was made from parameters was last asked for, to some seconds; NULL of those that are stored under a name, which stay.
-- Where variants have too many bytes, those go first that were not asked for the longest.
ALTER TABLE variants ADD COLUMN used_us INTEGER;

UPDATE variants SET used_us = created_us WHERE key NOT LIKE '%.%';

CREATE INDEX variants_used ON variants (used_us) WHERE used_us IS NOT NULL;

-- `made` counts the bytes of each row: a file that two rows share counts twice. `evicted` counts what went for want of room.
INSERT INTO totals (of, number, bytes)
SELECT 'made', count(*), coalesce(sum(bytes), 0) FROM variants WHERE used_us IS NOT NULL;
INSERT INTO totals (of, number, bytes) VALUES ('evicted', 0, 0);

CREATE TRIGGER variants_made_added AFTER INSERT ON variants WHEN NEW.used_us IS NOT NULL BEGIN
    UPDATE totals SET number = number + 1, bytes = bytes + NEW.bytes WHERE of = 'made';
END;

CREATE TRIGGER variants_made_removed AFTER DELETE ON variants WHEN OLD.used_us IS NOT NULL BEGIN
    UPDATE totals SET number = number - 1, bytes = bytes - OLD.bytes WHERE of = 'made';
END;
