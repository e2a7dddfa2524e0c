-- Images in an order of their owner's. `version` counts the changes and is the ETag. `then` is what an upload into the album asks to be
-- done, as it stands in `then=`.
CREATE TABLE albums (
    id             BLOB    NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    owner          BLOB    REFERENCES users (id),
    name           TEXT    NOT NULL,
    visibility     TEXT    NOT NULL CHECK (visibility IN ('private', 'unlisted', 'public')),
    default_preset TEXT,
    and_then       TEXT,
    cover          BLOB,
    images         INTEGER NOT NULL DEFAULT 0,
    version        INTEGER NOT NULL DEFAULT 1,
    created_us     INTEGER NOT NULL,
    updated_us     INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- No two of one owner have the same name, nor two of those without an owner, whose NULLs an index takes for different.
CREATE UNIQUE INDEX albums_name ON albums (owner, name);
CREATE UNIQUE INDEX albums_name_without_owner ON albums (name) WHERE owner IS NULL;
CREATE INDEX albums_owner ON albums (owner, id);
CREATE INDEX albums_public ON albums (id) WHERE visibility = 'public';

-- Positions leave room between them and are given anew when it runs out. In an album an image has a name of its own, which no other one
-- has there.
CREATE TABLE album_images (
    album_id BLOB    NOT NULL REFERENCES albums (id) ON DELETE CASCADE,
    image_id BLOB    NOT NULL REFERENCES images (id) ON DELETE CASCADE,
    position INTEGER NOT NULL,
    name     TEXT    NOT NULL,
    added_us INTEGER NOT NULL,
    PRIMARY KEY (album_id, image_id)
) STRICT, WITHOUT ROWID;

CREATE INDEX album_images_order ON album_images (album_id, position, image_id);
CREATE UNIQUE INDEX album_images_name ON album_images (album_id, name);
CREATE INDEX album_images_image ON album_images (image_id);

CREATE TRIGGER album_images_added AFTER INSERT ON album_images BEGIN
    UPDATE albums SET images = images + 1 WHERE id = NEW.album_id;
END;

CREATE TRIGGER album_images_removed AFTER DELETE ON album_images BEGIN
    UPDATE albums SET images = images - 1 WHERE id = OLD.album_id;
    UPDATE albums SET cover = NULL WHERE id = OLD.album_id AND cover = OLD.image_id;
END;

-- Public links. `digest` is that of the token, which has 256 random bits and is kept nowhere.
CREATE TABLE album_shares (
    id         BLOB    NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    album_id   BLOB    NOT NULL REFERENCES albums (id) ON DELETE CASCADE,
    digest     BLOB    NOT NULL UNIQUE CHECK (length(digest) = 32),
    created_us INTEGER NOT NULL,
    expires_us INTEGER
) STRICT, WITHOUT ROWID;

CREATE INDEX album_shares_album ON album_shares (album_id, id);

-- What is to be told of changes, written in the transaction of the change. Ids are UUIDv7: their order is that of the changes.
CREATE TABLE outbox (
    id           BLOB    NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    topic        TEXT    NOT NULL,
    key          TEXT    NOT NULL,
    body         TEXT    NOT NULL,
    created_us   INTEGER NOT NULL,
    delivered_us INTEGER
) STRICT, WITHOUT ROWID;

CREATE INDEX outbox_undelivered ON outbox (id) WHERE delivered_us IS NULL;
CREATE INDEX outbox_created ON outbox (created_us);
