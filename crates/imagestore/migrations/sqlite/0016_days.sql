-- What each day has brought, for `GET /v1/stats/history`: triggers add to the day of the row in the transaction that adds it, so that nothing
-- has to be counted when somebody asks. What is removed later was there all the same. Days are those since 1970 in UTC. A compression is a
-- variant with figures under a name, whose key is `name.extension`, as for the total `saved`.
CREATE TABLE days (
    day           INTEGER NOT NULL PRIMARY KEY,
    images        INTEGER NOT NULL DEFAULT 0,
    image_bytes   INTEGER NOT NULL DEFAULT 0,
    variants      INTEGER NOT NULL DEFAULT 0,
    variant_bytes INTEGER NOT NULL DEFAULT 0,
    compressions  INTEGER NOT NULL DEFAULT 0,
    bytes_saved   INTEGER NOT NULL DEFAULT 0
) STRICT;

INSERT INTO days (day, images, image_bytes)
SELECT created_us / 86400000000, count(*), sum(bytes) FROM images GROUP BY 1;

INSERT INTO days (day, variants, variant_bytes, compressions, bytes_saved)
SELECT created_us / 86400000000, count(*), sum(bytes),
       count(CASE WHEN key LIKE '%.%' THEN figures END),
       coalesce(sum(CASE WHEN key LIKE '%.%' THEN json_extract(figures, '$.source_bytes') - bytes END), 0)
FROM variants GROUP BY 1
ON CONFLICT (day) DO UPDATE SET variants = excluded.variants, variant_bytes = excluded.variant_bytes,
    compressions = excluded.compressions, bytes_saved = excluded.bytes_saved;

CREATE TRIGGER images_added_on_day AFTER INSERT ON images BEGIN
    INSERT INTO days (day, images, image_bytes) VALUES (NEW.created_us / 86400000000, 1, NEW.bytes)
    ON CONFLICT (day) DO UPDATE SET images = images + 1, image_bytes = image_bytes + NEW.bytes;
END;

CREATE TRIGGER variants_added_on_day AFTER INSERT ON variants BEGIN
    INSERT INTO days (day, variants, variant_bytes) VALUES (NEW.created_us / 86400000000, 1, NEW.bytes)
    ON CONFLICT (day) DO UPDATE SET variants = variants + 1, variant_bytes = variant_bytes + NEW.bytes;
    UPDATE days SET compressions = compressions + 1,
                    bytes_saved = bytes_saved + json_extract(NEW.figures, '$.source_bytes') - NEW.bytes
    WHERE day = NEW.created_us / 86400000000 AND NEW.figures IS NOT NULL AND NEW.key LIKE '%.%';
END;
