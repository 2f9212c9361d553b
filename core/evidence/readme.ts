/** The page that an archive begins with, for whoever is handed it and knows nothing of Lanyard. */
export const readmeText = (asked: string, origin: string): string => `Evidence about session ${asked}

What agents were allowed to do in the tree of this session, on whose authority, and what they did at AWS.

session.json       the tree: who, for whom, since when; made from the records below, and from nothing else
records/           audit records of the tree, byte for byte as they were written: attestations, decisions, refusals,
                   revocations, and what made the registry's versions; the form is OCSF, docs/audit.md tells it
policy/            texts of all policies of each version of the registry that was decided by
registry.json      the registrations of those versions that the tree used, and digests of the others
cloudtrail/        calls at AWS in these sessions, joined by the rules of docs/trace.md
proofs/            for each record, that the log holds it (c2sp.org/tlog-proof)
checkpoint         what the log signed (c2sp.org/tlog-checkpoint)
consistency/       that this checkpoint continues one that somebody else kept, where that was asked for
verifier-key.txt   the log's key, as whoever made this archive knew it
manifest.json      SHA-256 of every other file

Log: ${origin}

Verify it, without a network:   lanyard evidence verify FILE --key KEY [--against CHECKPOINT]
One record, without our code:   node check-proof.mjs KEY proofs/ID.tlog-proof records/ID.json   (docs/audit-proof.md)

Take KEY from somewhere else than this archive: the key inside proves nothing about whose it is.

Proven, by that key: that these records stood in the log, unchanged, when it signed the checkpoint; that the policies and
registrations are those of the versions that the records name; that tree and calls follow from them.
A text that begins with enc:v1: is encrypted under the key of the person it is about, which is not in here; whoever may read
the deployment sees it by   lanyard audit tail --session ID --reveal   until that person is erased. No proof needs it.

Not proven: that there was nothing else (a record that was left out is missed only where the tree shows a gap); what
CloudTrail said (those lines are copies: AWS's own digest files prove the originals); the time of a record, beyond its order
in the log; anything against the owner of the log's key, unless a checkpoint that somebody else kept is compared.
`;
