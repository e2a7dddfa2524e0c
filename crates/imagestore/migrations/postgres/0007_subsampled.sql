-- Whether the header of an AVIF says that its colours are stored at no more than half the width and height, so that decoding takes half the memory.
-- What was stored before is taken for full chroma, which is what was counted with.
ALTER TABLE images ADD COLUMN subsampled BOOLEAN NOT NULL DEFAULT FALSE;
