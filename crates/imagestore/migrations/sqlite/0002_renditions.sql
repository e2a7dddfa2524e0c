-- Master copies. One row for each original that has one or is to have one, however many images share it; it goes with the last of them.
-- The order of `number` is the order of queueing.
CREATE TABLE renditions (
    number   INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    original BLOB    NOT NULL UNIQUE CHECK (length(original) = 32),
    state    TEXT    NOT NULL CHECK (state IN ('pending', 'done', 'not-worth-it', 'failed')),
    attempts INTEGER NOT NULL DEFAULT 0,
    digest   BLOB    REFERENCES blobs (digest),
    bytes    INTEGER,
    width    INTEGER,
    height   INTEGER,
    CHECK ((state = 'done') = (digest IS NOT NULL AND bytes IS NOT NULL AND width IS NOT NULL AND height IS NOT NULL))
) STRICT;

CREATE INDEX renditions_pending ON renditions (attempts, number) WHERE state = 'pending';
CREATE INDEX renditions_digest ON renditions (digest);
