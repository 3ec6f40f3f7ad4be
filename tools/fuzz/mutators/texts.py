"""Changes of texts: encodings, control characters, long lines, odd cells; also of TOML and names."""

from random import Random

from fuzz.mutant import Bait, Mutant
from fuzz.mutators.raw import mutate_bytes

ODD = (
    "\x1b[31mred\x1b[0m",
    "\x1b]0;title\x07",
    "\x9b2J",
    "\r",
    "\x00",
    "\x7f",
    "\u202eright",
    "\u2028",
    "\ufeff",
    "\ufffe",
    "$\\foo$",
    "${x^",
    "%s%n",
    "(a+)+$",
    "a\u0301" * 50,
    "\U0001f600",
    "\u0130",
    "ß",
    "'",
    '"',
    "\\",
    "`",
    "=1+1",
    "../..",
    "\u0663",
    "1_000",
    "1e999",
    "-1e400",
    "nan",
    "inf",
    "-",
    "0x10",
    "9" * 400,
    "1,5",
    "#",
    "None",
    "true",
    "NA",
    "?",
)
"""Pieces that readers, terminals, figures or regular expressions may take for something else."""
ENCODINGS = ("utf-16", "utf-16-le", "utf-32", "latin-1", "cp1252", "utf-8-sig", "utf-7", "cp037", "shift-jis")


def hostile_text(random: Random) -> str:
    """A short or a very long text."""
    if random.random() < 0.15:
        return random.choice(["x", "\x1b", "é", "ab c", "\ud800"]) * random.choice([3000, 100_000, 300_000])
    if random.random() < 0.1:
        return random.choice(["\ud800", "\udfff", "\udc1b", "a\udc80"])
    return "".join(random.choice(ODD) for _ in range(random.choice([0, 1, 1, 2, 5])))


def mutate_text(content: bytes, random: Random, bait: Bait) -> Mutant:
    """Other characters, lines or cells, another encoding, or other bytes."""
    text = content.decode("utf-8", "replace")
    lines = text.split("\n")
    at, row = random.randrange(len(text) + 1), random.randrange(len(lines))
    piece = hostile_text(random)
    kind = random.randrange(9)
    if kind == 0:
        return mutate_bytes(content, random, bait)
    if kind == 1:
        encoding = random.choice(ENCODINGS)
        return Mutant(text.encode(encoding, "replace"), f"in {encoding}")
    if kind == 2:
        changed, what = text[:at] + piece + text[at:], f"{piece[:20]!r} at {at}"
    elif kind == 3:
        size = random.choice([1000, 10_000, 300_000])
        lines[row] = lines[row] + random.choice(["a", " ", ",", "1,", '"', "é", "ab "]) * size
        changed, what = "\n".join(lines), f"a line of {size}"
    elif kind == 4:
        lines = [*lines[:row], *lines[row : row + 1] * random.choice([2, 100, 3000]), *lines[row:]]
        changed, what = "\n".join(lines), f"{len(lines)} lines"
    elif kind == 5:
        cells = [line.split(",") for line in lines]
        for _ in range(random.choice([1, 3])):
            chosen = random.choice(cells)
            chosen[random.randrange(len(chosen))] = piece
        changed, what = "\n".join(map(",".join, cells)), f"cells {piece[:20]!r}"
    elif kind == 6:
        random.shuffle(lines)
        changed, what = random.choice(["\r\n", "\r", "\n\n", "\x0b", "\x00", "\u2028"]).join(lines), "other line ends"
    elif kind == 7:
        old = random.choice(text) if text else "a"
        changed, what = text.replace(old, piece[:1000]), f"{piece[:20]!r} for {old!r}"
    else:
        changed, what = (
            random.choice(["", "\n\n", "\x00" * 100, "a", ",,,\n,,,", "\ufeff", '"', "é"]),
            "hardly anything",
        )
    return Mutant(changed.encode("utf-8", "surrogatepass"), what)


def mutate_toml(content: bytes, random: Random, bait: Bait) -> Mutant:
    """Other values or keys of a TOML file."""
    lines = content.decode().split("\n")
    settings = [row for row, line in enumerate(lines) if "=" in line]
    if random.random() < 0.3 or not settings:
        return mutate_text(content, random, bait)
    row = random.choice(settings)
    key, _, _ = lines[row].partition("=")
    depth = random.choice([10, 2000, 100_000])
    value = random.choice(
        [
            "true",
            "-1",
            "0",
            "1e400",
            "nan",
            "9" * 5000,
            "[" * depth + "]" * depth,
            "{a={b=1}}",
            '""',
            "1979-05-27",
            "[]",
            '"""' + hostile_text(random) + '"""',
            "'" + hostile_text(random).replace("'", "") + "'",
            f"'{bait.name(random)}'",
            "0xffffffffffffffffff",
            "[1, 'a', [true]]",
            "{" + "a." * depth + "b = 1}",
            "1.5",
        ]
    )
    if random.random() < 0.8:
        lines[row] = f"{key}= {value}"
    elif random.random() < 0.5:
        lines[row] = "a." * depth + f"b = {value}"
    else:
        lines[row : row + 1] = [f"{key}= {value}", lines[row]]
    return Mutant("\n".join(lines).encode("utf-8", "surrogatepass"), f"{key.strip()} = {value[:40]}")
