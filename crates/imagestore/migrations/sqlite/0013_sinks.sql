-- Programs elsewhere that are told of every change. `holder` is the process that hands out to one, until `held_until_us`. One that the
-- settings do not name any more is retired: it gets nothing new, and is forgotten after a while.
CREATE TABLE sinks (
    name          TEXT    NOT NULL PRIMARY KEY,
    state         TEXT    NOT NULL DEFAULT 'taking' CHECK (state IN ('taking', 'away', 'gone')),
    holder        BLOB,
    held_until_us INTEGER,
    sent          INTEGER NOT NULL DEFAULT 0,
    failed        INTEGER NOT NULL DEFAULT 0,
    delivered_us  INTEGER,
    error         TEXT,
    error_us      INTEGER,
    retired_us    INTEGER
) STRICT, WITHOUT ROWID;

-- What each of them does not have yet. `id` gives the order of the changes whatever the clock says; `due_us` is set when a message was
-- refused and is to be tried again, `dead_us` when it was given up.
CREATE TABLE deliveries (
    id        INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    sink      TEXT    NOT NULL REFERENCES sinks (name) ON DELETE CASCADE,
    message   BLOB    NOT NULL REFERENCES outbox (id),
    key       TEXT    NOT NULL,
    queued_us INTEGER NOT NULL,
    attempts  INTEGER NOT NULL DEFAULT 0,
    due_us    INTEGER,
    error     TEXT,
    dead_us   INTEGER,
    UNIQUE (sink, message)
) STRICT;

CREATE INDEX deliveries_message ON deliveries (message);
CREATE INDEX deliveries_waiting ON deliveries (sink, id) WHERE dead_us IS NULL;
CREATE INDEX deliveries_due ON deliveries (sink, due_us) WHERE due_us IS NOT NULL;
CREATE INDEX deliveries_held ON deliveries (sink, key) WHERE due_us IS NOT NULL;
CREATE INDEX deliveries_dead ON deliveries (sink, message) WHERE dead_us IS NOT NULL;

-- In the transaction of the change: a sink gets everything from when it was first named.
CREATE TRIGGER outbox_written AFTER INSERT ON outbox BEGIN
    INSERT INTO deliveries (sink, message, key, queued_us)
        SELECT name, NEW.id, NEW.key, NEW.created_us FROM sinks WHERE retired_us IS NULL;
END;
