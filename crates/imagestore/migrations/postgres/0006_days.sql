-- What each day has brought. migrations/sqlite/0016_days.sql says what the table means.
CREATE TABLE days (
    day           BIGINT NOT NULL PRIMARY KEY,
    images        BIGINT NOT NULL DEFAULT 0,
    image_bytes   BIGINT NOT NULL DEFAULT 0,
    variants      BIGINT NOT NULL DEFAULT 0,
    variant_bytes BIGINT NOT NULL DEFAULT 0,
    compressions  BIGINT NOT NULL DEFAULT 0,
    bytes_saved   BIGINT NOT NULL DEFAULT 0
) WITH (fillfactor = 50);

INSERT INTO days (day, images, image_bytes)
SELECT created_us / 86400000000, count(*), sum(bytes) FROM images GROUP BY 1;

INSERT INTO days (day, variants, variant_bytes, compressions, bytes_saved)
SELECT created_us / 86400000000, count(*), sum(bytes), count(saved_bytes(key, figures, bytes)), coalesce(sum(saved_bytes(key, figures, bytes)), 0)
FROM variants GROUP BY 1
ON CONFLICT (day) DO UPDATE SET variants = excluded.variants, variant_bytes = excluded.variant_bytes,
    compressions = excluded.compressions, bytes_saved = excluded.bytes_saved;

CREATE FUNCTION count_image_of_day() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO days (day, images, image_bytes) VALUES (NEW.created_us / 86400000000, 1, NEW.bytes)
    ON CONFLICT (day) DO UPDATE SET images = days.images + 1, image_bytes = days.image_bytes + excluded.image_bytes;
    RETURN NULL;
END $$;

CREATE FUNCTION count_variant_of_day() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    saved BIGINT := saved_bytes(NEW.key, NEW.figures, NEW.bytes);
BEGIN
    INSERT INTO days (day, variants, variant_bytes, compressions, bytes_saved)
    VALUES (NEW.created_us / 86400000000, 1, NEW.bytes, (saved IS NOT NULL)::INT, coalesce(saved, 0))
    ON CONFLICT (day) DO UPDATE SET variants = days.variants + 1, variant_bytes = days.variant_bytes + excluded.variant_bytes,
        compressions = days.compressions + excluded.compressions, bytes_saved = days.bytes_saved + excluded.bytes_saved;
    RETURN NULL;
END $$;

CREATE TRIGGER images_added_on_day AFTER INSERT ON images FOR EACH ROW EXECUTE FUNCTION count_image_of_day();
CREATE TRIGGER variants_added_on_day AFTER INSERT ON variants FOR EACH ROW EXECUTE FUNCTION count_variant_of_day();
