-- What images are found by. `name_key` is the name in lower case, by which names are sorted and looked up; `tags` and `metadata` are what
-- `image_tags` and nobody else is asked for.
ALTER TABLE images ADD COLUMN name_key TEXT NOT NULL DEFAULT '';
ALTER TABLE images ADD COLUMN tags TEXT NOT NULL DEFAULT '[]';
ALTER TABLE images ADD COLUMN metadata TEXT;

UPDATE images SET name_key = lower(name) WHERE name IS NOT NULL;

-- Each ends with the id: lists go on behind the last image of the page before, and never count rows.
CREATE INDEX images_owner_name ON images (owner, name_key, id);
CREATE INDEX images_owner_bytes ON images (owner, bytes, id);
CREATE INDEX images_owner_format ON images (owner, format, id);

-- `owner` is empty for images without one.
CREATE TABLE image_tags (
    tag      TEXT NOT NULL,
    owner    BLOB NOT NULL,
    image_id BLOB NOT NULL REFERENCES images (id) ON DELETE CASCADE,
    PRIMARY KEY (tag, owner, image_id)
) STRICT, WITHOUT ROWID;

CREATE INDEX image_tags_anybody ON image_tags (tag, image_id);
CREATE INDEX image_tags_image ON image_tags (image_id);
