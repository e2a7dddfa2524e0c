"""Uploads a file with tuspy: upload.py ENDPOINT FILE. Pieces of 12 MB, each with a checksum."""

import sys

from tusclient.client import TusClient

endpoint, path = sys.argv[1:]
uploader = TusClient(endpoint).uploader(
    path,
    chunk_size=12_000_000,
    retries=100,
    retry_delay=0.2,
    upload_checksum=True,
    metadata={"filename": "large.ppm"},
)
uploader.upload()
print(uploader.url)
