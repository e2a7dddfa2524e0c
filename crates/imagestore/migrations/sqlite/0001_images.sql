-- Blobs that the catalog knows. `doomed` marks one that nothing refers to any more and whose file is being removed:
-- new rows may not refer to it until that is done.
CREATE TABLE blobs (
    digest BLOB    NOT NULL PRIMARY KEY CHECK (length(digest) = 32),
    bytes  INTEGER NOT NULL,
    doomed INTEGER NOT NULL DEFAULT 0
) STRICT, WITHOUT ROWID;

CREATE INDEX blobs_doomed ON blobs (digest) WHERE doomed = 1;

-- One row for each upload. Ids are UUIDv7: their order is the order of upload.
CREATE TABLE images (
    id          BLOB    NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    digest      BLOB    NOT NULL REFERENCES blobs (digest),
    bytes       INTEGER NOT NULL,
    format      TEXT    NOT NULL,
    width       INTEGER NOT NULL,
    height      INTEGER NOT NULL,
    orientation INTEGER NOT NULL,
    animated    INTEGER NOT NULL,
    has_alpha   INTEGER NOT NULL,
    bits        INTEGER NOT NULL,
    progressive INTEGER NOT NULL,
    name        TEXT,
    created_us  INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX images_digest ON images (digest);

-- Variants made from parameters (key = hex of the recipe's digest) or stored under a name (key = name.extension).
CREATE TABLE variants (
    image_id   BLOB    NOT NULL REFERENCES images (id) ON DELETE CASCADE,
    key        TEXT    NOT NULL,
    label      TEXT    NOT NULL,
    digest     BLOB    NOT NULL REFERENCES blobs (digest),
    bytes      INTEGER NOT NULL,
    format     TEXT    NOT NULL,
    width      INTEGER NOT NULL,
    height     INTEGER NOT NULL,
    figures    TEXT,
    created_us INTEGER NOT NULL,
    PRIMARY KEY (image_id, key)
) STRICT, WITHOUT ROWID;

CREATE INDEX variants_digest ON variants (digest);
