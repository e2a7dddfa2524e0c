-- Those to whom images belong. `images` and `bytes` are what they keep; the triggers below keep them right in the transaction of the change.
CREATE TABLE users (
    id                  BLOB    NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    name                TEXT    NOT NULL UNIQUE,
    disabled            INTEGER NOT NULL DEFAULT 0,
    max_images          INTEGER,
    max_bytes           INTEGER,
    requests_per_minute INTEGER,
    images              INTEGER NOT NULL DEFAULT 0,
    bytes               INTEGER NOT NULL DEFAULT 0,
    created_us          INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- `digest` is that of the whole key, which has 256 random bits and is kept nowhere.
CREATE TABLE api_keys (
    id         BLOB    NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    user_id    BLOB    NOT NULL REFERENCES users (id),
    label      TEXT    NOT NULL,
    digest     BLOB    NOT NULL UNIQUE CHECK (length(digest) = 32),
    scopes     TEXT    NOT NULL,
    created_us INTEGER NOT NULL,
    expires_us INTEGER,
    revoked_us INTEGER,
    used_us    INTEGER
) STRICT, WITHOUT ROWID;

CREATE INDEX api_keys_user ON api_keys (user_id, id);

-- Images without an owner were uploaded while nobody was asked for a key.
ALTER TABLE images ADD COLUMN owner BLOB REFERENCES users (id);
ALTER TABLE images ADD COLUMN visibility TEXT NOT NULL DEFAULT 'unlisted' CHECK (visibility IN ('private', 'unlisted', 'public'));

CREATE INDEX images_owner ON images (owner, id);
CREATE INDEX images_public ON images (id) WHERE visibility = 'public';

CREATE TRIGGER images_added_to_owner AFTER INSERT ON images WHEN NEW.owner IS NOT NULL BEGIN
    UPDATE users SET images = images + 1, bytes = bytes + NEW.bytes WHERE id = NEW.owner;
END;

CREATE TRIGGER images_removed_from_owner AFTER DELETE ON images WHEN OLD.owner IS NOT NULL BEGIN
    UPDATE users SET images = images - 1, bytes = bytes - OLD.bytes WHERE id = OLD.owner;
END;

-- Whose images; everybody's if empty. Jobs have the owner of their image as a text, empty where it has none.
ALTER TABLE backfills ADD COLUMN owner TEXT NOT NULL DEFAULT '';

CREATE INDEX jobs_owner ON jobs (owner, id);
