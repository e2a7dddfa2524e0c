-- Resumable uploads. Ids are UUIDv7: their order is the order in which they were begun.
--
-- `owner` is empty for nobody. `received` counts the durable bytes. An upload of kind `final` is put together from others, which `concat` lists as the client did. `next` is
-- what the client wants done with the image. Rows of done and failed uploads stay until they expire: they tell what became of it.
CREATE TABLE uploads (
    id         BLOB    NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    owner      TEXT    NOT NULL,
    kind       TEXT    NOT NULL CHECK (kind IN ('whole', 'partial', 'final')),
    concat     TEXT,
    length     INTEGER,
    received   INTEGER NOT NULL CHECK (received >= 0 AND received <= coalesce(length, received)),
    metadata   TEXT    NOT NULL,
    name       TEXT,
    next       TEXT,
    visibility TEXT,
    tags       TEXT    NOT NULL,
    state      TEXT    NOT NULL CHECK (state IN ('open', 'finishing', 'done', 'failed')),
    image_id   BLOB,
    problem    TEXT,
    created_us INTEGER NOT NULL,
    expires_us INTEGER NOT NULL,
    CHECK ((kind = 'final') = (concat IS NOT NULL)),
    CHECK ((state = 'done') = (image_id IS NOT NULL)),
    CHECK ((state = 'failed') = (problem IS NOT NULL))
) STRICT, WITHOUT ROWID;

CREATE INDEX uploads_under_way ON uploads (state) WHERE state IN ('open', 'finishing');
-- A partial index serves only those who ask in its very words.
CREATE INDEX uploads_finishing ON uploads (id) WHERE state = 'finishing';
CREATE INDEX uploads_expiring ON uploads (expires_us);

-- The bytes of uploads, in parts that the blob store keeps. A part belongs to the upload that it was sent for, and to those that were put
-- together from it; with its last row its bytes go.
CREATE TABLE upload_parts (
    upload_id BLOB    NOT NULL REFERENCES uploads (id) ON DELETE CASCADE,
    start     INTEGER NOT NULL,
    bytes     INTEGER NOT NULL CHECK (bytes > 0),
    part_id   BLOB    NOT NULL CHECK (length(part_id) = 16),
    PRIMARY KEY (upload_id, start)
) STRICT, WITHOUT ROWID;

CREATE INDEX upload_parts_part ON upload_parts (part_id);
