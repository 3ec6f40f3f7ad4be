"""The pictures of docs/gallery.md: run the commands of gallery.toml, write the pictures and the page, or check them.

nox -s pictures              write all
nox -s pictures -- NAME      write those whose file names contain NAME
nox -s pictures -- --check   compare all with the data behind the pictures, and look at all on slides
"""

import contextlib
import importlib
import io
import json
import math
import os
import shlex
import sys
import tempfile
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

DOCS = Path(__file__).resolve().parent
PICTURES = DOCS / "pictures"
PROGRAMS = {
    "deep-nn": "deep_nn.cli",
    "cnn-sign": "cnn_sign_digits.cli",
    "dino-gen": "char_rnn_dino.names.cli",
    "char-rnn": "char_rnn_dino.text.cli",
}
MADE_UP = {
    "photo.jpg": "any photo of a hand; here it is a synthetic one",
    "houses.csv": "any table with a column to predict; here it is a synthetic one",
}
"""Files that stand for the user's own."""
MOST_BYTES = 150_000
"""Of a picture."""
TOLERANCE = 0.02
"""Of numbers, relative to the largest beside them."""


@dataclass(frozen=True)
class Entry:
    """A picture and the command that makes it.

    shows    what it shows, completing "To show"
    picture  its file name, which the command writes
    command  as typed in a shell
    before   commands that must have run
    dpi      pixels per inch of the picture
    quick    whether the default tests run it
    """

    topic: str
    shows: str
    picture: str
    command: str
    before: tuple[str, ...] = ()
    dpi: int = 80
    quick: bool = False

    @property
    def needs(self) -> str:
        """The file of the user's own that the commands read; "" for none."""
        words = " ".join((*self.before, self.command))
        return next((file for file in MADE_UP if file in words), "")

    @property
    def anchor(self) -> str:
        kept = "".join(letter for letter in self.shows.lower() if letter.isalnum() or letter in " -_")
        return kept.replace(" ", "-")


def entries() -> list[Entry]:
    """All pictures, in the order of the page."""
    topics = tomllib.loads((DOCS / "gallery.toml").read_text(encoding="utf-8"))["topic"]
    return [
        Entry(topic=topic["name"], **{key: tuple(v) if isinstance(v, list) else v for key, v in picture.items()})
        for topic in topics
        for picture in topic["picture"]
    ]


def page() -> str:
    """The text of gallery.md."""
    every = entries()
    lines = [
        "# To show X, type Y",
        "",
        "Every picture was made by the command above it; `nox -s pictures` makes all of them again. Each command takes",
        "`--style slide` (1920 x 1080 pixels, letters of at least 14 points) or `--style dark`, `--size`, `--dpi` and",
        "`--title`, and writes .png, .jpg, .svg or .pdf.",
        "",
        "| to show | type |",
        "|---|---|",
        *(f"| [{each.shows}](#{each.anchor}) | `{each.command}` |" for each in every),
    ]
    for topic in dict.fromkeys(each.topic for each in every):
        lines += ["", f"## {topic}"]
        for each in every:
            if each.topic == topic:
                lines += ["", f"### {each.shows}", "", "```console", *each.before, each.command, "```", ""]
                if each.needs:
                    lines += [f"`{each.needs}` is {MADE_UP[each.needs]}.", ""]
                lines += [f"![{each.shows}](pictures/{each.picture})"]
    return "\n".join(lines) + "\n"


def make(entry: Entry, folder: Path, *options: str) -> Path:
    """Run an entry's commands in a folder; returns its picture there."""
    with _inside(folder):
        if entry.needs == "photo.jpg":
            _write_photo(Path(entry.needs))
        elif entry.needs:
            _write_table(Path(entry.needs))
        for command in entry.before:
            run(command)
        run(entry.command, *options)
    return folder / entry.picture


def run(command: str, *options: str) -> None:
    """Run a command in this process. Raises RuntimeError with what it said if it fails."""
    program, *words = shlex.split(command)
    main = importlib.import_module(PROGRAMS[program]).main
    said = io.StringIO()
    try:
        with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
            main.main([*words, *options], prog_name=program, standalone_mode=True)
    except SystemExit as end:
        if end.code:
            raise RuntimeError(f"{command}: {said.getvalue()}") from None


@contextlib.contextmanager
def _inside(folder: Path) -> Iterator[None]:
    before = Path.cwd()
    os.chdir(folder)
    try:
        yield
    finally:
        os.chdir(before)


def _write_photo(path: Path) -> None:
    """A synthetic hand that shows five."""
    import numpy as np
    from PIL import Image

    from cnn_sign_digits.synthetic.renderer import render

    photo = render(np.array([5]), rng=np.random.default_rng(3), size=64, diversity=0.5)[0]
    Image.fromarray(photo).save(path, quality=95)


def _write_table(path: Path) -> None:
    """Houses with area, rooms, age and price."""
    import numpy as np

    rng = np.random.default_rng(1)
    area, age = rng.uniform(40, 200, 400), rng.uniform(0, 80, 400)
    rooms = (area / 30 + rng.uniform(0, 2, 400)).astype(int)
    price = (2500 * area + 9000 * rooms) * (1 - 0.004 * age) * rng.lognormal(0, 0.1, 400)
    rows = [f"{a:.0f},{r},{y:.0f},{p:.0f}" for a, r, y, p in zip(area, rooms, age, price, strict=True)]
    path.write_text("\n".join(["area,rooms,age,price", *rows]) + "\n", encoding="utf-8")


def shrink(source: Path, target: Path) -> None:
    """A picture of few bytes, with the summary of its data."""
    from PIL import Image
    from PIL.PngImagePlugin import PngInfo

    from nn_core.plots.figure_files import SUMMARY_KEY

    if source.suffix != ".png":
        target.write_bytes(source.read_bytes())
        return
    with Image.open(source) as image:
        kept = PngInfo()
        kept.add_text(SUMMARY_KEY, str(image.info.get(SUMMARY_KEY, "")))
        few = image.convert("RGB").quantize(256, dither=Image.Dither.NONE)
        few.save(target, optimize=True, pnginfo=kept)


def data_of(picture: Path) -> Any:
    """The summary of what a picture shows; None if it has none."""
    from PIL import Image

    from nn_core.plots.figure_files import SUMMARY_KEY

    with Image.open(picture) as image:
        text = image.info.get(SUMMARY_KEY)
        if text is None and image.format == "GIF":
            text = image.info.get("comment")
    return json.loads(text) if text else None


def changes(expected: Any, found: Any, place: str = "figure") -> list[str]:
    """Where two summaries differ by more than a tolerance, a line each."""
    if isinstance(expected, dict) and isinstance(found, dict):
        keys = [*expected, *(key for key in found if key not in expected)]
        return [line for key in keys for line in changes(expected.get(key), found.get(key), f"{place}, {key}")]
    if isinstance(expected, list) and isinstance(found, list) and len(expected) == len(found):
        if expected and all(isinstance(each, (int, float)) for each in [*expected, *found]):
            room = TOLERANCE * max(abs(each) for each in expected[1:] or expected)
            same = all(
                math.isclose(a, b, rel_tol=TOLERANCE, abs_tol=room) for a, b in zip(expected, found, strict=True)
            )
            return [] if same else [f"{place}: {expected} became {found}"]
        numbered = enumerate(zip(expected, found, strict=True), start=1)
        return [line for i, (a, b) in numbered for line in changes(a, b, f"{place} {i}")]
    if isinstance(expected, str) and isinstance(found, str) and any(letter.isdigit() for letter in expected):
        return []  # texts of measured numbers, which stand in the other entries
    return [] if expected == found else [f"{place}: {expected!r} became {found!r}"]


@contextlib.contextmanager
def checked_figures() -> Iterator[list[str]]:
    """Collect what cannot be read in the figures that are written in the block."""
    import matplotlib as mpl

    from nn_core.plots import figure_files
    from nn_core.plots.legibility import flaws
    from nn_core.plots.styles import LEAST_POINTS

    found: list[str] = []
    save = figure_files.save_figure

    def check(figure: Any, path: Path, **looks: Any) -> None:
        save(figure, path, **looks)
        is_slide = mpl.rcParams["font.size"] > 12
        found.extend(flaws(figure, least_points=LEAST_POINTS if is_slide else 0.0))

    figure_files.save_figure = check
    try:
        yield found
    finally:
        figure_files.save_figure = save


def main(words: list[str]) -> int:
    """Write pictures and the page, or check them; the number of changes."""
    check = "--check" in words
    names = [word for word in words if not word.startswith("--")]
    chosen = [each for each in entries() if not names or any(name in each.picture for name in names)]
    failures = 0
    for entry in chosen:
        try:
            found = check_entry(entry) if check else write_entry(entry)
        except (RuntimeError, OSError) as error:
            found = [str(error)]
        more = f"; and {len(found) - 3} more" if len(found) > 3 else ""
        print(f"{entry.picture}: {'; '.join(found[:3])}{more}" if found else f"{entry.picture}: unchanged", flush=True)
        failures += bool(found)
    if not check:
        (DOCS / "gallery.md").write_text(page(), encoding="utf-8")
    elif (DOCS / "gallery.md").read_text(encoding="utf-8") != page():
        print("gallery.md is not that of gallery.toml: run nox -s pictures")
        failures += 1
    return failures if check else 0


def write_entry(entry: Entry) -> list[str]:
    """Write a picture; returns what differs from the data behind the earlier one, and what cannot be read."""
    target = PICTURES / entry.picture
    before = data_of(target) if target.exists() else None
    with tempfile.TemporaryDirectory() as folder, checked_figures() as unreadable:
        shrink(make(entry, Path(folder), "--dpi", str(entry.dpi)), target)
    size = target.stat().st_size
    large = [f"{size:,} bytes are more than {MOST_BYTES:,}"] if size > MOST_BYTES else []
    return [*(changes(before, data_of(target)) if before else ["new"]), *large, *unreadable]


def check_entry(entry: Entry) -> list[str]:
    """What differs from the data behind a picture, and what cannot be read on paper and on slides."""
    found: list[str] = []
    for style in ("paper", "slide"):
        with tempfile.TemporaryDirectory() as folder, checked_figures() as unreadable:
            drawn = make(entry, Path(folder), "--style", style)
            if style == "paper":
                found += changes(data_of(PICTURES / entry.picture), data_of(drawn))
        found += [f"{style}: {line}" for line in unreadable]
    return found


if __name__ == "__main__":
    sys.exit(min(main(sys.argv[1:]), 1))
