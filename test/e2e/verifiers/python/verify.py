"""Holds a log against aics-tlog: one line and 0 where the log is what it says, else 1 and the verifier's own error.

    verify.py <log> <key> [<older size> …]
"""

import sys
from pathlib import Path

from aics_tlog.checkpoint import checkpoint_from_note, verify_checkpoint
from aics_tlog.note import parse_vkey
from aics_tlog.tiles import FileSystemTileReader, consistency_proof_from_tiles, inclusion_proof_from_tiles
from aics_tlog.tree import verify_consistency, verify_leaf_inclusion
from aics_tlog.verified import VerifiedTileReader, audit_tiles


def head_of(path, key):
    checkpoint, note = checkpoint_from_note(path.read_bytes())
    result = verify_checkpoint(note, key, expected_origin=key.name)
    if not result.ok:
        raise ValueError(result.error)
    return checkpoint


def main(log, key, *older):
    head = head_of(Path(log, "checkpoint"), parse_vkey(key))
    reader = FileSystemTileReader(log)
    audit_tiles(reader, head.size, head.root)
    verified = VerifiedTileReader(reader, head.size, head.root)
    for index in sorted({0, head.size // 2, head.size - 1}):
        proof = inclusion_proof_from_tiles(verified, index, head.size)
        if not verify_leaf_inclusion(verified.entry(index), index, head.size, proof, head.root):
            raise ValueError(f"{index} is not included")
    for size in map(int, older):
        kept = head_of(Path(log, "checkpoints", str(size)), parse_vkey(key))
        proof = consistency_proof_from_tiles(verified, size, head.size)
        if not verify_consistency(size, head.size, kept.root, head.root, proof):
            raise ValueError(f"the log does not continue its {size} entries")
    print(f"verified {head.size}")


try:
    main(*sys.argv[1:])
except (OSError, ValueError) as error:
    sys.exit(f"{type(error).__name__}: {error}")
