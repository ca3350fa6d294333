"""Hostile texts of a manifest: JSON that is none, or too much of it."""

from __future__ import annotations

from hostile_changes import CORRUPT, UNSAFE, Case, Make, add_member, manifest_is, replace_text


def cases() -> list[Case]:
    def sealed(name: str, make: Make, kind: str, says: str) -> Case:
        return Case(name, make, kind, says, sealed=True)

    strict = "strict JSON"
    limits = "JSON inside the limits"
    keys = ",".join(f'"{i}":0' for i in range(1_000_000))
    return [
        sealed("manifest of no bytes", manifest_is(b""), CORRUPT, strict),
        sealed(
            "manifest of 142 bytes",
            manifest_is(
                b'{"format":"holdfast.checkpoint","tensors":[{"name":"x"}'.ljust(140) + b"]}"
            ),
            CORRUPT,
            '"writer", got none',
        ),
        sealed("manifest that is an array", manifest_is(b"[]"), CORRUPT, "to be an object"),
        sealed(
            "manifest in UTF-16", manifest_is('{"format":1}'.encode("utf-16-le")), CORRUPT, strict
        ),
        sealed(
            "byte-order mark",
            replace_text('{"format"', '\ufeff{"format"'),
            CORRUPT,
            "byte-order mark",
        ),
        sealed("trailing comma", add_member("a", "[1,]"), CORRUPT, strict),
        sealed("comment", add_member("a", "1/*one*/"), CORRUPT, strict),
        sealed("NaN", add_member("a", "NaN"), CORRUPT, strict),
        sealed("Infinity", add_member("a", "-Infinity"), CORRUPT, strict),
        sealed("number past every double", add_member("a", "1e999"), CORRUPT, strict),
        sealed("leading zero", add_member("a", "01"), CORRUPT, strict),
        sealed("single quotes", add_member("a", "'1'"), CORRUPT, strict),
        sealed("overlong UTF-8", add_member("a", '"\udcc0\udc80"'), CORRUPT, strict),
        sealed("cut UTF-8", add_member("a", '"\udce2\udc82"'), CORRUPT, strict),
        sealed("lone surrogate", add_member("a", '"\\ud800"'), CORRUPT, strict),
        sealed("control character in a string", add_member("a", '"\x01"'), CORRUPT, strict),
        sealed("NUL in the text", add_member("a", "1\0"), CORRUPT, "NUL"),
        sealed("key twice", add_member("step", "7"), CORRUPT, '"step" again'),
        sealed(
            "key twice, deep inside", add_member("a", '[{"b":{"c":1,"c":2}}]'), CORRUPT, '"c" again'
        ),
        sealed("key twice, once escaped", add_member("st\\u0065p", "7"), CORRUPT, '"step" again'),
        sealed(
            "bytes after the end",
            replace_text('"head":null}}', '"head":null}} {}'),
            CORRUPT,
            strict,
        ),
        sealed("not closed", replace_text('"head":null}}', '"head":null}'), CORRUPT, strict),
        sealed("17 levels", add_member("a", "[" * 16 + "]" * 16), UNSAFE, "16 levels of nesting"),
        sealed("depth of 100,000 arrays", add_member("a", "[" * 100_000), UNSAFE, limits),
        sealed("depth of 100,000 objects", add_member("a", '{"a":' * 100_000), UNSAFE, limits),
        sealed(
            "string of 2 MiB",
            add_member("a", '"' + "x" * (2 << 20) + '"'),
            UNSAFE,
            "bytes in a string",
        ),
        sealed("a million keys", add_member("a", "{" + keys + "}"), UNSAFE, "keys in an object"),
        sealed(
            "4 Mi values and one", add_member("a", "[" + "0," * (4 << 20) + "0]"), UNSAFE, limits
        ),
        sealed(
            "a million empty arrays",
            add_member("a", "[" + "[]," * 1_000_000 + "0]"),
            UNSAFE,
            limits,
        ),
        sealed(
            "user state of 2 MiB",
            replace_text(
                '"user":{"a":[1]}', '"user":{"a":["' + '","'.join(["x" * 1000] * 2100) + '"]}'
            ),
            UNSAFE,
            "state.user",
        ),
    ]
