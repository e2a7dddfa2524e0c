-- Programs elsewhere that are told of every change. migrations/sqlite/0013_sinks.sql says what the columns mean.
CREATE TABLE sinks (
    name          TEXT   COLLATE "C" NOT NULL PRIMARY KEY,
    state         TEXT   COLLATE "C" NOT NULL DEFAULT 'taking' CHECK (state IN ('taking', 'away', 'gone')),
    holder        UUID,
    held_until_us BIGINT,
    sent          BIGINT NOT NULL DEFAULT 0,
    failed        BIGINT NOT NULL DEFAULT 0,
    delivered_us  BIGINT,
    error         TEXT   COLLATE "C",
    error_us      BIGINT,
    retired_us    BIGINT
);

CREATE TABLE deliveries (
    id        BIGINT NOT NULL GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    sink      TEXT   COLLATE "C" NOT NULL REFERENCES sinks (name) ON DELETE CASCADE,
    message   UUID   NOT NULL REFERENCES outbox (id),
    key       TEXT   COLLATE "C" NOT NULL,
    queued_us BIGINT NOT NULL,
    attempts  BIGINT NOT NULL DEFAULT 0,
    due_us    BIGINT,
    error     TEXT   COLLATE "C",
    dead_us   BIGINT,
    UNIQUE (sink, message)
);

CREATE INDEX deliveries_message ON deliveries (message);
CREATE INDEX deliveries_waiting ON deliveries (sink, id) WHERE dead_us IS NULL;
CREATE INDEX deliveries_due ON deliveries (sink, due_us) WHERE due_us IS NOT NULL;
CREATE INDEX deliveries_held ON deliveries (sink, key) WHERE due_us IS NOT NULL;
CREATE INDEX deliveries_dead ON deliveries (sink, message) WHERE dead_us IS NOT NULL;

-- In the transaction of the change: a sink gets everything from when it was first named.
CREATE FUNCTION deliver_to_sinks() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO deliveries (sink, message, key, queued_us)
        SELECT name, NEW.id, NEW.key, NEW.created_us FROM sinks WHERE retired_us IS NULL;
    RETURN NULL;
END $$;

CREATE TRIGGER outbox_written AFTER INSERT ON outbox FOR EACH ROW EXECUTE FUNCTION deliver_to_sinks();
