"""Checks a log's roots and proofs with pymerkle, a library that knows nothing of this project (RFC 6962).

On the standard input, as JSON: `entries` (base64), `checkpoints` (size, root), `inclusion` (index, size, hashes) and
`consistency` (old, new, hashes), all hashes in base64. Exit status 1 at the first thing that does not hold.
"""

import base64
import json
import sys

from pymerkle import ConsistencyProof, InclusionProof, InmemoryTree, InvalidProof
from pymerkle import verify_consistency, verify_inclusion

# What RFC 6962, section 2.1 asks for: SHA-256, and 0x00 and 0x01 before what leaves and nodes hash.
HASHING = {"algorithm": "sha256", "security": True}


def tree_of(entries):
    tree = InmemoryTree(algorithm="sha256")
    tree.append_entries(entries)
    return tree


def subproof(old, start, end, is_whole, root_of):
    """RFC 9162, section 2.1.4.1."""
    if old == end - start:
        return [] if is_whole else [root_of(start, end)]
    left = 1 << ((end - start - 1).bit_length() - 1)
    if old <= left:
        return subproof(old, start, start + left, is_whole, root_of) + [root_of(start + left, end)]
    return subproof(old - left, start + left, end, False, root_of) + [root_of(start, start + left)]


class Checker:
    def __init__(self, log):
        self.entries = [base64.b64decode(entry) for entry in log["entries"]]
        self.tree = tree_of(self.entries)
        self.roots = {}

    def checkpoint(self, size, root):
        if self.tree.get_root(size) != root:
            raise InvalidProof(f"checkpoint of size {size}: another root")
        self.roots[size] = root

    def inclusion(self, index, size, hashes):
        leaf = self.tree.get_leaf(index + 1)
        proof = self.tree.prove_inclusion(index + 1, size).serialize()
        proof["path"] = [leaf.hex()] + [hash.hex() for hash in hashes]
        proof = InclusionProof.deserialize(proof)
        verify_inclusion(leaf, self.roots[size], proof, index=index + 1, size=size, **HASHING)

    def consistency(self, old, new, hashes):
        def root_of(start, end):
            return tree_of(self.entries[start:end]).get_root()

        if subproof(old, 0, new, True, root_of) != hashes:
            raise InvalidProof("not the hashes that the RFC asks for")
        proof = self.tree.prove_consistency(old, new).serialize()
        if old % 2 == 1:
            # The library orders the two lowest hashes the other way about, and writes out the root of a single leaf.
            ours = [self.roots[1]] + hashes if old == 1 else hashes
            proof["path"] = [hash.hex() for hash in [ours[1], ours[0], *ours[2:]]]
        proof = ConsistencyProof.deserialize(proof)
        roots = self.roots[old], self.roots[new]
        verify_consistency(*roots, proof, prior_size=old, later_size=new, **HASHING)


def main():
    log = json.load(sys.stdin)
    checker = Checker(log)
    for kind, names in [("checkpoints", "size root"), ("inclusion", "index size hashes"), ("consistency", "old new hashes")]:
        for number, item in enumerate(log[kind]):
            values = [item[name] for name in names.split()]
            last = values.pop()
            decoded = base64.b64decode(last) if isinstance(last, str) else [base64.b64decode(hash) for hash in last]
            try:
                getattr(checker, kind.removesuffix("s"))(*values, decoded)
            except InvalidProof as error:
                sys.exit(f"{kind} {number}: {error}")
    print(", ".join(f"{len(log[kind])} {kind}" for kind in ["entries", "checkpoints", "inclusion", "consistency"]))


main()
