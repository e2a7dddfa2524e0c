-- What deletes an image without a key: the digest of a token of 256 random bits, which is kept nowhere.
CREATE TABLE delete_tokens (
    image_id BLOB NOT NULL PRIMARY KEY REFERENCES images (id) ON DELETE CASCADE,
    digest   BLOB NOT NULL CHECK (length(digest) = 32)
) STRICT, WITHOUT ROWID;
