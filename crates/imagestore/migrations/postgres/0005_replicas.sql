-- What processes that share a catalog promise each other. migrations/sqlite/0015_replicas.sql says what the tables mean.
CREATE TABLE leases (
    name     TEXT   COLLATE "C" NOT NULL PRIMARY KEY,
    holder   UUID   NOT NULL,
    until_us BIGINT NOT NULL
);

CREATE INDEX leases_until ON leases (until_us);

CREATE TABLE claims (
    digest   BYTEA  NOT NULL,
    claim    UUID   NOT NULL,
    holder   UUID   NOT NULL,
    until_us BIGINT NOT NULL,
    PRIMARY KEY (digest, claim)
);

CREATE INDEX claims_until ON claims (until_us);
CREATE INDEX claims_holder ON claims (holder);

CREATE TABLE removals (
    digest   BYTEA  NOT NULL PRIMARY KEY REFERENCES blobs (digest) ON DELETE CASCADE,
    remover  UUID   NOT NULL,
    until_us BIGINT NOT NULL
);

CREATE TABLE secrets (
    name  TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    value TEXT COLLATE "C" NOT NULL
);

-- Processes remember records of images. They learn of a change with its commit, and of none that was rolled back.
CREATE FUNCTION tell_of_changed_image() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_notify('imagestore_images', OLD.id::TEXT);
    RETURN NULL;
END $$;

CREATE TRIGGER images_changed AFTER UPDATE OR DELETE ON images FOR EACH ROW EXECUTE FUNCTION tell_of_changed_image();
