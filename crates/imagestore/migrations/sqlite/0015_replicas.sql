-- What processes that share a catalog promise each other. A catalog in a file has one, so it stays empty there.

-- Who does something that nobody else does meanwhile, until the time is over.
CREATE TABLE leases (
    name     TEXT    NOT NULL PRIMARY KEY,
    holder   BLOB    NOT NULL,
    until_us INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX leases_until ON leases (until_us);

-- Blobs that somebody is about to store and to refer to: they are not doomed meanwhile. `holder` is the data folder of whoever it is.
CREATE TABLE claims (
    digest   BLOB    NOT NULL,
    claim    BLOB    NOT NULL,
    holder   BLOB    NOT NULL,
    until_us INTEGER NOT NULL,
    PRIMARY KEY (digest, claim)
) STRICT, WITHOUT ROWID;

CREATE INDEX claims_until ON claims (until_us);
CREATE INDEX claims_holder ON claims (holder);

-- Who removes the bytes of a doomed blob.
CREATE TABLE removals (
    digest   BLOB    NOT NULL PRIMARY KEY REFERENCES blobs (digest) ON DELETE CASCADE,
    remover  BLOB    NOT NULL,
    until_us INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- What all of them have to know alike.
CREATE TABLE secrets (
    name  TEXT NOT NULL PRIMARY KEY,
    value TEXT NOT NULL
) STRICT, WITHOUT ROWID;
