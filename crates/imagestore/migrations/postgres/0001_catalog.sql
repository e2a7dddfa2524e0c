-- The catalog in PostgreSQL: what migrations/sqlite comes to by its 12th file, with the same names. Texts are compared as bytes (COLLATE "C"),
-- so that lists have the same order whatever the locale of the database. Times are microseconds.
--
-- Rows are changed under one advisory lock (adapters/postgres/lock.rs): the triggers may look at other rows and add to counters, and
-- nothing changes between.

-- Which catalog this is. The data folder that belongs to it holds the same id.
CREATE TABLE catalogs (
    one BIGINT NOT NULL PRIMARY KEY CHECK (one = 1),
    id  UUID   NOT NULL DEFAULT gen_random_uuid()
);

INSERT INTO catalogs (one) VALUES (1);

-- Blobs that the catalog knows. `doomed` marks one that nothing refers to any more and whose file is being removed:
-- new rows may not refer to it until that is done.
CREATE TABLE blobs (
    digest BYTEA  NOT NULL PRIMARY KEY CHECK (octet_length(digest) = 32),
    bytes  BIGINT NOT NULL,
    doomed BIGINT NOT NULL DEFAULT 0
);

CREATE INDEX blobs_doomed ON blobs (digest) WHERE doomed = 1;

-- Those to whom images belong. `images` and `bytes` are what they keep.
CREATE TABLE users (
    id                  UUID    NOT NULL PRIMARY KEY,
    name                TEXT    COLLATE "C" NOT NULL UNIQUE,
    disabled            BOOLEAN NOT NULL DEFAULT FALSE,
    max_images          BIGINT,
    max_bytes           BIGINT,
    requests_per_minute BIGINT,
    images              BIGINT  NOT NULL DEFAULT 0,
    bytes               BIGINT  NOT NULL DEFAULT 0,
    created_us          BIGINT  NOT NULL
) WITH (fillfactor = 50);

-- `digest` is that of the whole key, which has 256 random bits and is kept nowhere.
CREATE TABLE api_keys (
    id         UUID   NOT NULL PRIMARY KEY,
    user_id    UUID   NOT NULL REFERENCES users (id),
    label      TEXT   COLLATE "C" NOT NULL,
    digest     BYTEA  NOT NULL UNIQUE CHECK (octet_length(digest) = 32),
    scopes     TEXT   COLLATE "C" NOT NULL,
    created_us BIGINT NOT NULL,
    expires_us BIGINT,
    revoked_us BIGINT,
    used_us    BIGINT
);

CREATE INDEX api_keys_user ON api_keys (user_id, id);

-- One row for each upload. Ids are UUIDv7: their order is the order of upload. Images without an owner were uploaded while nobody was asked
-- for a key. `name_key` is the name in lower case; `revision` counts the originals. A deleted image may be kept for a while, hidden, until
-- `purge_us`.
CREATE TABLE images (
    id          UUID    NOT NULL PRIMARY KEY,
    digest      BYTEA   NOT NULL REFERENCES blobs (digest),
    bytes       BIGINT  NOT NULL,
    format      TEXT    COLLATE "C" NOT NULL,
    width       BIGINT  NOT NULL,
    height      BIGINT  NOT NULL,
    orientation BIGINT  NOT NULL,
    animated    BOOLEAN NOT NULL,
    has_alpha   BOOLEAN NOT NULL,
    bits        BIGINT  NOT NULL,
    progressive BOOLEAN NOT NULL,
    name        TEXT    COLLATE "C",
    created_us  BIGINT  NOT NULL,
    owner       UUID    REFERENCES users (id),
    visibility  TEXT    COLLATE "C" NOT NULL CHECK (visibility IN ('private', 'unlisted', 'public')),
    name_key    TEXT    COLLATE "C" NOT NULL,
    tags        TEXT    COLLATE "C" NOT NULL,
    metadata    TEXT    COLLATE "C",
    revision    BIGINT  NOT NULL,
    replaced_us BIGINT,
    deleted_us  BIGINT,
    purge_us    BIGINT
);

-- Each ends with the id: lists go on behind the last image of the page before, and never count rows.
CREATE INDEX images_digest ON images (digest);
CREATE INDEX images_live ON images (id) WHERE deleted_us IS NULL;
CREATE INDEX images_owner ON images (owner, id) WHERE deleted_us IS NULL;
CREATE INDEX images_public ON images (id) WHERE visibility = 'public' AND deleted_us IS NULL;
CREATE INDEX images_owner_name ON images (owner, name_key, id) WHERE deleted_us IS NULL;
CREATE INDEX images_owner_bytes ON images (owner, bytes, id) WHERE deleted_us IS NULL;
CREATE INDEX images_owner_format ON images (owner, format, id) WHERE deleted_us IS NULL;
CREATE INDEX images_deleted ON images (id) WHERE deleted_us IS NOT NULL;
CREATE INDEX images_deleted_owner ON images (owner, id) WHERE deleted_us IS NOT NULL;
CREATE INDEX images_purge ON images (purge_us, id) WHERE purge_us IS NOT NULL;

-- `owner` is empty for images without one.
CREATE TABLE image_tags (
    tag      TEXT  COLLATE "C" NOT NULL,
    owner    BYTEA NOT NULL,
    image_id UUID  NOT NULL REFERENCES images (id) ON DELETE CASCADE,
    PRIMARY KEY (tag, owner, image_id)
);

CREATE INDEX image_tags_anybody ON image_tags (tag, image_id);
CREATE INDEX image_tags_image ON image_tags (image_id);

-- What deletes an image without a key: the digest of a token of 256 random bits, which is kept nowhere.
CREATE TABLE delete_tokens (
    image_id UUID  NOT NULL PRIMARY KEY REFERENCES images (id) ON DELETE CASCADE,
    digest   BYTEA NOT NULL CHECK (octet_length(digest) = 32)
);

-- Variants made from parameters (key = hex of the recipe's digest) or stored under a name (key = name.extension). `used_us` is when one that
-- was made from parameters was last asked for, to some seconds; NULL of those that are stored under a name.
CREATE TABLE variants (
    image_id   UUID   NOT NULL REFERENCES images (id) ON DELETE CASCADE,
    key        TEXT   COLLATE "C" NOT NULL,
    label      TEXT   COLLATE "C" NOT NULL,
    digest     BYTEA  NOT NULL REFERENCES blobs (digest),
    bytes      BIGINT NOT NULL,
    format     TEXT   COLLATE "C" NOT NULL,
    width      BIGINT NOT NULL,
    height     BIGINT NOT NULL,
    figures    TEXT   COLLATE "C",
    created_us BIGINT NOT NULL,
    used_us    BIGINT,
    PRIMARY KEY (image_id, key)
);

CREATE INDEX variants_digest ON variants (digest);
CREATE INDEX variants_used ON variants (used_us) WHERE used_us IS NOT NULL;

-- Master copies. One row for each original that has one or is to have one, however many images share it; it goes with the last of them.
-- The order of `number` is the order of queueing.
CREATE TABLE renditions (
    number   BIGINT NOT NULL GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    original BYTEA  NOT NULL UNIQUE CHECK (octet_length(original) = 32),
    state    TEXT   COLLATE "C" NOT NULL CHECK (state IN ('pending', 'done', 'not-worth-it', 'failed')),
    attempts BIGINT NOT NULL DEFAULT 0,
    digest   BYTEA  REFERENCES blobs (digest),
    bytes    BIGINT,
    width    BIGINT,
    height   BIGINT,
    CHECK ((state = 'done') = (digest IS NOT NULL AND bytes IS NOT NULL AND width IS NOT NULL AND height IS NOT NULL))
);

CREATE INDEX renditions_pending ON renditions (attempts, number) WHERE state = 'pending';
CREATE INDEX renditions_digest ON renditions (digest);

-- What is told of an original: one row, however many images share it; it goes with the last of them. The four bands are the 16-bit parts of
-- the perceptual hash, the highest first; they are NULL where there is no hash.
CREATE TABLE analyses (
    number    BIGINT NOT NULL GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    original  BYTEA  NOT NULL UNIQUE CHECK (octet_length(original) = 32),
    state     TEXT   COLLATE "C" NOT NULL CHECK (state IN ('pending', 'done', 'failed')),
    attempts  BIGINT NOT NULL DEFAULT 0,
    thumbhash BYTEA,
    blurhash  TEXT   COLLATE "C",
    colours   TEXT   COLLATE "C",
    camera    TEXT   COLLATE "C",
    frames    BIGINT,
    profile   TEXT   COLLATE "C",
    band0     BIGINT,
    band1     BIGINT,
    band2     BIGINT,
    band3     BIGINT,
    CHECK ((state = 'done')
        = (thumbhash IS NOT NULL AND blurhash IS NOT NULL AND colours IS NOT NULL AND camera IS NOT NULL AND frames IS NOT NULL))
);

CREATE INDEX analyses_pending ON analyses (attempts, number) WHERE state = 'pending';
CREATE INDEX analyses_band0 ON analyses (band0);
CREATE INDEX analyses_band1 ON analyses (band1);
CREATE INDEX analyses_band2 ON analyses (band2);
CREATE INDEX analyses_band3 ON analyses (band3);

-- Work for compressing services. Ids are UUIDv7: their order is the order of queueing. migrations/sqlite/0004_jobs.sql says what the columns
-- mean.
CREATE TABLE jobs (
    id          UUID   NOT NULL PRIMARY KEY,
    image_id    UUID   NOT NULL,
    owner       TEXT   COLLATE "C" NOT NULL,
    backfill_id UUID,
    task        TEXT   COLLATE "C" NOT NULL,
    slot        TEXT   COLLATE "C" NOT NULL,
    priority    BIGINT NOT NULL CHECK (priority BETWEEN 0 AND 9),
    status      TEXT   COLLATE "C" NOT NULL CHECK (status IN ('queued', 'leased', 'running', 'done', 'failed', 'dead', 'cancelled')),
    progress    BIGINT NOT NULL DEFAULT 0,
    attempts    BIGINT NOT NULL DEFAULT 0,
    due_us      BIGINT,
    worker      TEXT   COLLATE "C",
    token       TEXT   COLLATE "C",
    result      TEXT   COLLATE "C",
    problem     TEXT   COLLATE "C",
    webhook     TEXT   COLLATE "C",
    created_us  BIGINT NOT NULL,
    updated_us  BIGINT NOT NULL
);

-- The same work is not queued twice.
CREATE UNIQUE INDEX jobs_active ON jobs (image_id, slot, task) WHERE status IN ('queued', 'leased', 'running');
CREATE INDEX jobs_ready ON jobs (priority, owner, id) WHERE status = 'queued' AND due_us IS NULL;
CREATE INDEX jobs_oldest ON jobs (id) WHERE status = 'queued' AND due_us IS NULL;
CREATE INDEX jobs_waiting ON jobs (due_us) WHERE status = 'queued' AND due_us IS NOT NULL;
CREATE INDEX jobs_leased ON jobs (due_us) WHERE status IN ('leased', 'running');
CREATE INDEX jobs_of_worker ON jobs (worker) WHERE status IN ('leased', 'running');
CREATE INDEX jobs_status ON jobs (status, id);
CREATE INDEX jobs_image ON jobs (image_id, id);
CREATE INDEX jobs_owner ON jobs (owner, id);
CREATE INDEX jobs_backfill ON jobs (backfill_id, status) WHERE backfill_id IS NOT NULL;
CREATE INDEX jobs_over ON jobs (updated_us) WHERE status IN ('done', 'failed', 'dead', 'cancelled');

-- Whose turn it is: the owner who was served last, and how many jobs were ever handed out.
CREATE TABLE job_turns (
    one        BIGINT NOT NULL PRIMARY KEY CHECK (one = 1),
    owner      TEXT   COLLATE "C" NOT NULL,
    handed_out BIGINT NOT NULL
) WITH (fillfactor = 50);

INSERT INTO job_turns (one, owner, handed_out) VALUES (1, '', 0);

-- Jobs for every image of a time, queued little by little. `cursor` is the last image that was looked at.
CREATE TABLE backfills (
    id         UUID   NOT NULL PRIMARY KEY,
    before_us  BIGINT NOT NULL,
    task       TEXT   COLLATE "C" NOT NULL,
    slot       TEXT   COLLATE "C" NOT NULL,
    priority   BIGINT NOT NULL,
    status     TEXT   COLLATE "C" NOT NULL CHECK (status IN ('running', 'paused', 'done', 'cancelled')),
    cursor     UUID,
    looked_at  BIGINT NOT NULL DEFAULT 0,
    skipped    BIGINT NOT NULL DEFAULT 0,
    created_us BIGINT NOT NULL,
    updated_us BIGINT NOT NULL,
    owner      TEXT   COLLATE "C" NOT NULL DEFAULT ''
);

CREATE INDEX backfills_running ON backfills (id) WHERE status = 'running';

-- What clients asked to be told of: one row for each job that is over, until it was delivered or given up.
CREATE TABLE webhooks (
    job_id   UUID   NOT NULL PRIMARY KEY,
    url      TEXT   COLLATE "C" NOT NULL,
    attempts BIGINT NOT NULL DEFAULT 0,
    due_us   BIGINT NOT NULL
);

CREATE INDEX webhooks_due ON webhooks (due_us);

-- Images in an order of their owner's. `version` counts the changes and is the ETag.
CREATE TABLE albums (
    id             UUID   NOT NULL PRIMARY KEY,
    owner          UUID   REFERENCES users (id),
    name           TEXT   COLLATE "C" NOT NULL,
    visibility     TEXT   COLLATE "C" NOT NULL CHECK (visibility IN ('private', 'unlisted', 'public')),
    default_preset TEXT   COLLATE "C",
    and_then       TEXT   COLLATE "C",
    cover          UUID,
    images         BIGINT NOT NULL DEFAULT 0,
    version        BIGINT NOT NULL DEFAULT 1,
    created_us     BIGINT NOT NULL,
    updated_us     BIGINT NOT NULL
);

CREATE UNIQUE INDEX albums_name ON albums (owner, name);
CREATE UNIQUE INDEX albums_name_without_owner ON albums (name) WHERE owner IS NULL;
CREATE INDEX albums_owner ON albums (owner, id);
CREATE INDEX albums_public ON albums (id) WHERE visibility = 'public';

-- Positions leave room between them and are given anew when it runs out. In an album an image has a name of its own, which no other one
-- has there.
CREATE TABLE album_images (
    album_id UUID   NOT NULL REFERENCES albums (id) ON DELETE CASCADE,
    image_id UUID   NOT NULL REFERENCES images (id) ON DELETE CASCADE,
    position BIGINT NOT NULL,
    name     TEXT   COLLATE "C" NOT NULL,
    added_us BIGINT NOT NULL,
    PRIMARY KEY (album_id, image_id)
);

CREATE INDEX album_images_order ON album_images (album_id, position, image_id);
CREATE UNIQUE INDEX album_images_name ON album_images (album_id, name);
CREATE INDEX album_images_image ON album_images (image_id);

-- Where in albums deleted images were, for the case that they come back.
CREATE TABLE deleted_places (
    image_id UUID    NOT NULL REFERENCES images (id) ON DELETE CASCADE,
    album_id UUID    NOT NULL REFERENCES albums (id) ON DELETE CASCADE,
    position BIGINT  NOT NULL,
    name     TEXT    COLLATE "C" NOT NULL,
    added_us BIGINT  NOT NULL,
    is_cover BOOLEAN NOT NULL,
    PRIMARY KEY (image_id, album_id)
);

CREATE INDEX deleted_places_album ON deleted_places (album_id);

-- Public links. `digest` is that of the token, which has 256 random bits and is kept nowhere.
CREATE TABLE album_shares (
    id         UUID   NOT NULL PRIMARY KEY,
    album_id   UUID   NOT NULL REFERENCES albums (id) ON DELETE CASCADE,
    digest     BYTEA  NOT NULL UNIQUE CHECK (octet_length(digest) = 32),
    created_us BIGINT NOT NULL,
    expires_us BIGINT
);

CREATE INDEX album_shares_album ON album_shares (album_id, id);

-- What is to be told of changes, written in the transaction of the change. The order of `number` is that of the changes.
CREATE TABLE outbox (
    id           UUID   NOT NULL PRIMARY KEY,
    number       BIGINT NOT NULL GENERATED ALWAYS AS IDENTITY,
    topic        TEXT   COLLATE "C" NOT NULL,
    key          TEXT   COLLATE "C" NOT NULL,
    body         TEXT   COLLATE "C" NOT NULL,
    created_us   BIGINT NOT NULL,
    delivered_us BIGINT
);

CREATE INDEX outbox_undelivered ON outbox (number) WHERE delivered_us IS NULL;
CREATE INDEX outbox_created ON outbox (created_us);

-- Resumable uploads. Ids are UUIDv7: their order is the order in which they were begun. migrations/sqlite/0009_uploads.sql says what the
-- columns mean.
CREATE TABLE uploads (
    id         UUID   NOT NULL PRIMARY KEY,
    owner      TEXT   COLLATE "C" NOT NULL,
    kind       TEXT   COLLATE "C" NOT NULL CHECK (kind IN ('whole', 'partial', 'final')),
    concat     TEXT   COLLATE "C",
    length     BIGINT,
    received   BIGINT NOT NULL CHECK (received >= 0 AND received <= coalesce(length, received)),
    metadata   TEXT   COLLATE "C" NOT NULL,
    name       TEXT   COLLATE "C",
    next       TEXT   COLLATE "C",
    visibility TEXT   COLLATE "C",
    tags       TEXT   COLLATE "C" NOT NULL,
    state      TEXT   COLLATE "C" NOT NULL CHECK (state IN ('open', 'finishing', 'done', 'failed')),
    image_id   UUID,
    problem    TEXT   COLLATE "C",
    created_us BIGINT NOT NULL,
    expires_us BIGINT NOT NULL,
    CHECK ((kind = 'final') = (concat IS NOT NULL)),
    CHECK ((state = 'done') = (image_id IS NOT NULL)),
    CHECK ((state = 'failed') = (problem IS NOT NULL))
);

CREATE INDEX uploads_under_way ON uploads (state) WHERE state IN ('open', 'finishing');
CREATE INDEX uploads_finishing ON uploads (id) WHERE state = 'finishing';
CREATE INDEX uploads_expiring ON uploads (expires_us);

-- The bytes of uploads, in parts that the blob store keeps.
CREATE TABLE upload_parts (
    upload_id UUID   NOT NULL REFERENCES uploads (id) ON DELETE CASCADE,
    start     BIGINT NOT NULL,
    bytes     BIGINT NOT NULL CHECK (bytes > 0),
    part_id   UUID   NOT NULL,
    PRIMARY KEY (upload_id, start)
);

CREATE INDEX upload_parts_part ON upload_parts (part_id);
