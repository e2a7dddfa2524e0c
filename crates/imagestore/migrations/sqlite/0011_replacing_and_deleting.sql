-- What becomes of an image after its upload. `revision` counts the originals that it has had, and `replaced_us` is when it got the present one,
-- if that is not the first. A deleted image may be kept for a while, hidden, until `purge_us`.
ALTER TABLE images ADD COLUMN revision INTEGER NOT NULL DEFAULT 1;
ALTER TABLE images ADD COLUMN replaced_us INTEGER;
ALTER TABLE images ADD COLUMN deleted_us INTEGER;
ALTER TABLE images ADD COLUMN purge_us INTEGER;

-- Lists do not walk past deleted images, however many there are.
DROP INDEX images_owner;
DROP INDEX images_public;
DROP INDEX images_owner_name;
DROP INDEX images_owner_bytes;
DROP INDEX images_owner_format;
CREATE INDEX images_live ON images (id) WHERE deleted_us IS NULL;
CREATE INDEX images_owner ON images (owner, id) WHERE deleted_us IS NULL;
CREATE INDEX images_public ON images (id) WHERE visibility = 'public' AND deleted_us IS NULL;
CREATE INDEX images_owner_name ON images (owner, name_key, id) WHERE deleted_us IS NULL;
CREATE INDEX images_owner_bytes ON images (owner, bytes, id) WHERE deleted_us IS NULL;
CREATE INDEX images_owner_format ON images (owner, format, id) WHERE deleted_us IS NULL;
CREATE INDEX images_deleted ON images (id) WHERE deleted_us IS NOT NULL;
CREATE INDEX images_deleted_owner ON images (owner, id) WHERE deleted_us IS NOT NULL;
CREATE INDEX images_purge ON images (purge_us, id) WHERE purge_us IS NOT NULL;

-- Where in albums deleted images were, for the case that they come back.
CREATE TABLE deleted_places (
    image_id BLOB    NOT NULL REFERENCES images (id) ON DELETE CASCADE,
    album_id BLOB    NOT NULL REFERENCES albums (id) ON DELETE CASCADE,
    position INTEGER NOT NULL,
    name     TEXT    NOT NULL,
    added_us INTEGER NOT NULL,
    is_cover INTEGER NOT NULL,
    PRIMARY KEY (image_id, album_id)
) STRICT, WITHOUT ROWID;

CREATE INDEX deleted_places_album ON deleted_places (album_id);

-- Images whose original is replaced count as if the old one was removed and the new one added.
CREATE TRIGGER images_replaced AFTER UPDATE OF digest ON images WHEN OLD.digest <> NEW.digest BEGIN
    UPDATE totals SET number = number - 1, bytes = bytes - OLD.bytes
    WHERE of = 'originals' AND NOT EXISTS (SELECT 1 FROM images WHERE digest = OLD.digest);
    UPDATE totals SET number = number + 1, bytes = bytes + NEW.bytes
    WHERE of = 'originals' AND NOT EXISTS (SELECT 1 FROM images WHERE digest = NEW.digest AND id <> NEW.id);
    UPDATE totals SET number = number - 1, bytes = bytes - OLD.bytes WHERE of = 'original-' || OLD.format;
    INSERT INTO totals (of, number, bytes) VALUES ('original-' || NEW.format, 1, NEW.bytes)
    ON CONFLICT (of) DO UPDATE SET number = number + 1, bytes = bytes + NEW.bytes;
    UPDATE users SET bytes = bytes - OLD.bytes + NEW.bytes WHERE id = NEW.owner;
END;

-- Deleted images that are kept for a while, which are among the images too. No image is replaced while it is one of them.
INSERT INTO totals (of, number, bytes) VALUES ('deleted', 0, 0);

CREATE TRIGGER images_hidden AFTER UPDATE OF deleted_us ON images WHEN OLD.deleted_us IS NULL AND NEW.deleted_us IS NOT NULL BEGIN
    UPDATE totals SET number = number + 1, bytes = bytes + NEW.bytes WHERE of = 'deleted';
END;

CREATE TRIGGER images_restored AFTER UPDATE OF deleted_us ON images WHEN OLD.deleted_us IS NOT NULL AND NEW.deleted_us IS NULL BEGIN
    UPDATE totals SET number = number - 1, bytes = bytes - NEW.bytes WHERE of = 'deleted';
END;

CREATE TRIGGER images_purged AFTER DELETE ON images WHEN OLD.deleted_us IS NOT NULL BEGIN
    UPDATE totals SET number = number - 1, bytes = bytes - OLD.bytes WHERE of = 'deleted';
END;
