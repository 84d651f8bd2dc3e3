"""Checks the values of a timeline against the stored events, by RFC 9901 and RFC 6962, with nothing of the service.

Standard input: {"timeline": <answer of GET /v1/subjects/{id}/timeline>, "stored": [[position, stored text], ...]}
"""

import base64
import hashlib
import json
import sys

given = json.load(sys.stdin)
stored = dict(given["stored"])
values = 0
for entry in given["timeline"]["entries"]:
    text = stored[entry["position"]]
    if hashlib.sha256(b"\x00" + text.encode()).hexdigest() != entry["leaf_hash"]:
        sys.exit(f"position {entry['position']}: the leaf hash is not that of the stored bytes")
    digests = json.loads(text)["data"].get("personal", {}).get("_sd", [])
    for member in entry.get("personal", {}).get("members", []):
        opening = member["opening"]
        digest = base64.urlsafe_b64encode(hashlib.sha256(opening.encode()).digest()).decode().rstrip("=")
        salt, name, value = json.loads(base64.urlsafe_b64decode(opening + "=" * (-len(opening) % 4)))
        if digest not in digests or [name, value] != [member["name"], member["value"]]:
            sys.exit(f"position {entry['position']}: {member['name']} is not what was recorded")
        values += 1
print(f"{values} values are what was recorded")
