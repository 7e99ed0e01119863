#!/usr/bin/env python3
"""Checks that an audit record is in the trail that a checkpoint signs. Needs Python 3.8 and nothing else.

    verify-audit-proof.py KEY.pem PROOF.json...

PROOF.json is the answer of GET /v1/audit/records/{sequence}/proof. KEY.pem is the public key of the checkpoints, from
checkpoint-key.pem beside them: not from the proof itself. Exit code: 0 all are proved, 1 one is not.
"""
import base64
import hashlib
import json
import sys

# Ed25519 (RFC 8032, 5.1), for verification only: nothing here is secret, so it need not be fast nor constant in time.
P = 2**255 - 19
L = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, P - 2, P) % P
I = pow(2, (P - 1) // 4, P)


def add(a, b):
    x1, y1, z1, t1 = a
    x2, y2, z2, t2 = b
    u, v = (y1 - x1) * (y2 - x2) % P, (y1 + x1) * (y2 + x2) % P
    c, d = 2 * t1 * t2 * D % P, 2 * z1 * z2 % P
    e, f, g, h = v - u, d - c, d + c, v + u
    return e * f % P, g * h % P, f * g % P, e * h % P


def times(scalar, point):
    total = (0, 1, 1, 0)
    while scalar > 0:
        if scalar & 1:
            total = add(total, point)
        point, scalar = add(point, point), scalar >> 1
    return total


def point_of(data):
    y = int.from_bytes(data, "little")
    sign, y = y >> 255, y & (2**255 - 1)
    xx = (y * y - 1) * pow(D * y * y + 1, P - 2, P) % P
    x = pow(xx, (P + 3) // 8, P)
    if (x * x - xx) % P != 0:
        x = x * I % P
    if y >= P or (x * x - xx) % P != 0 or (x == 0 and sign == 1):
        raise ValueError("not a point of the curve")
    x = P - x if x & 1 != sign else x
    return x, y, 1, x * y % P


BASE = point_of(bytes.fromhex("58" + "66" * 31))


def is_signed(key, message, signature):
    if len(signature) != 64:
        return False
    r, s = point_of(signature[:32]), int.from_bytes(signature[32:], "little")
    digest = hashlib.sha512(signature[:32] + key + message).digest()
    x1, y1, z1, _ = times(s, BASE)
    x2, y2, z2, _ = add(r, times(int.from_bytes(digest, "little") % L, point_of(key)))
    return s < L and (x1 * z2 - x2 * z1) % P == 0 and (y1 * z2 - y2 * z1) % P == 0


def root_of(body, index, size, path):
    """RFC 9162, 2.1.3.2: the root that the path leads to from a leaf; nothing if the path has the wrong length."""
    root, last = hashlib.sha256(b"\0" + body).digest(), size - 1
    for step in path:
        if last == 0:
            return None
        if index & 1 or index == last:
            root = hashlib.sha256(b"\1" + step + root).digest()
            while index and not index & 1:
                index, last = index >> 1, last >> 1
        else:
            root = hashlib.sha256(b"\1" + root + step).digest()
        index, last = index >> 1, last >> 1
    return root if last == 0 else None


def problem_of(proof, key):
    body, signed = base64.b64decode(proof["body"]), proof["checkpoint"]
    record, sequence, size = json.loads(body), proof["sequence"], signed["sequence"]
    if (record["tenant_id"], record["sequence"]) != (proof["tenantId"], sequence):
        return "the record is another one than the proof says"
    if not 1 <= sequence <= size:
        return "the checkpoint does not cover the record"
    root = root_of(body, sequence - 1, size, [bytes.fromhex(step) for step in proof["path"]])
    if root is None or root.hex() != signed["root"]:
        return "the record is not in the tree that was signed"
    fields = [proof["tenantId"], size, signed["mac"], signed["root"], signed["signedAt"], signed["keyId"]]
    message = json.dumps(["sallyport audit checkpoint 2"] + fields, separators=(",", ":")).encode()
    signature = base64.urlsafe_b64decode(signed["signature"] + "==")
    return None if is_signed(key, message, signature) else "the checkpoint was not signed with this key"


def main(key_file, *proofs):
    pem = "".join(line for line in open(key_file).read().splitlines() if not line.startswith("-"))
    key = base64.b64decode(pem)[-32:]
    problems = 0
    for name in proofs:
        problem = problem_of(json.load(open(name)), key)
        problems += problem is not None
        print(f"{name}: {problem or 'proved'}")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]) if len(sys.argv) > 2 else print(__doc__) or 2)
