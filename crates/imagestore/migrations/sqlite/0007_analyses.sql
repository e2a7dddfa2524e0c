-- What is told of an original: one row, however many images share it; it goes with the last of them. The order of `number` is the order of
-- queueing. The four bands are the 16-bit parts of the perceptual hash, the highest first: two hashes that differ in at most 7 bits have a
-- band in which they differ in at most one, so near ones are found by 17 values of each band. They are NULL where there is no hash.
CREATE TABLE analyses (
    number    INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    original  BLOB    NOT NULL UNIQUE CHECK (length(original) = 32),
    state     TEXT    NOT NULL CHECK (state IN ('pending', 'done', 'failed')),
    attempts  INTEGER NOT NULL DEFAULT 0,
    thumbhash BLOB,
    blurhash  TEXT,
    colours   TEXT,
    camera    TEXT,
    frames    INTEGER,
    profile   TEXT,
    band0     INTEGER,
    band1     INTEGER,
    band2     INTEGER,
    band3     INTEGER,
    CHECK ((state = 'done')
        = (thumbhash IS NOT NULL AND blurhash IS NOT NULL AND colours IS NOT NULL AND camera IS NOT NULL AND frames IS NOT NULL))
) STRICT;

CREATE INDEX analyses_pending ON analyses (attempts, number) WHERE state = 'pending';
CREATE INDEX analyses_band0 ON analyses (band0);
CREATE INDEX analyses_band1 ON analyses (band1);
CREATE INDEX analyses_band2 ON analyses (band2);
CREATE INDEX analyses_band3 ON analyses (band3);
