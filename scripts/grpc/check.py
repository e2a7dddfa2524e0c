"""Runs the checks of one store: check.py MODE ADDRESS FOLDER [--only WORD] [USER=ID=KEY ...]."""

import argparse
import sys
from pathlib import Path

import harness

for module in ["check_image_v1", "check_older", "check_errors", "check_gzip", "check_keys"]:
    __import__(module)

parser = argparse.ArgumentParser()
parser.add_argument("mode")
parser.add_argument("address")
parser.add_argument("folder", type=Path)
parser.add_argument("--only", default="")
parser.add_argument("users", nargs="*")
asked = parser.parse_intermixed_args()

users = [user.split("=", 2) for user in asked.users]
store = harness.Store(
    address=asked.address,
    data=asked.folder,
    mode=asked.mode,
    ids={name: user_id for name, user_id, _ in users},
    keys={name: key for name, _, key in users},
)
print(f"auth.mode = {store.mode}:", flush=True)
checks, failed = harness.run(store, asked.only)
print(f"auth.mode = {store.mode}: {checks - failed} of {checks} checks passed", flush=True)
sys.exit(1 if failed else 0)
