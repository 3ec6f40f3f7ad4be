"""Animations: a scene drawn frame by frame, as an animated GIF, an MP4 video, or numbered PNG files."""

import io
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
import numpy.typing as npt

from nn_core.errors import DataError, SettingError
from nn_core.plots.drawn_data import summary_text
from nn_core.plots.figure_files import FigureFile, canvas, write_around
from nn_core.plots.fonts import cover_characters
from nn_core.progress import job
from nn_core.storage.atomic import atomic_write, atomic_write_all

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Pixels = npt.NDArray[np.uint8]

LAST_FRAME_MS = 3000
_PALETTE = 128


class Scene(Protocol):
    """A figure that changes from frame to frame."""

    def __len__(self) -> int:
        """Number of frames."""

    def show(self, index: int) -> None:
        """Draw a frame, counted from 0."""


class FrameWriter(Protocol):
    """Takes the frames (height, width, 3) one by one."""

    def add(self, frame: Pixels) -> None: ...
    def finish(self) -> None:
        """Write the file or files, all or none."""


def write_animation(
    file: FigureFile,
    draw: "Callable[[Figure], Scene]",
    *,
    width: float,
    height: float,
    title: str,
    note: str = "",
    frame_ms: int,
    folder: Path | None = None,
) -> int:
    """Write a looping .gif or an .mp4; returns the number of frames.

    draw           draws everything that all frames have, and returns the scene
    width, height  in inches, unless the file has a size
    frame_ms       milliseconds that a frame is shown
    folder         where each frame is written as a PNG, too
    Raises SettingError if an .mp4 file needs ffmpeg, DataError if that fails, OSError.
    """
    command = ffmpeg() if file.path.suffix.lower() == ".mp4" else None
    with canvas(file, width, height) as figure:
        write_around(figure, title if file.title is None else file.title, note)
        scene = draw(figure)
        cover_characters(figure)
        frames = _frames(figure, scene)
        last = next(frames)
        writers: list[FrameWriter] = [
            GifWriter(file.path, last, summary_text(figure), frame_ms)
            if command is None
            else Mp4Writer(file.path, command, frame_ms)
        ]
        if folder is not None:
            writers.append(PngWriter(folder))
        with job("drawing frames", len(scene)) as advance:
            for frame in frames:
                for writer in writers:
                    writer.add(frame)
                advance(1)
    with job("writing the animation"):
        for writer in writers:
            writer.finish()
    return len(scene)


def _frames(figure: "Figure", scene: Scene) -> Iterator[Pixels]:
    """The last frame, then all frames. The layout is that of the last one."""
    agg: Any = figure.canvas
    order = range(len(scene))
    for index in (len(scene) - 1, *order):
        scene.show(index)
        agg.draw()
        figure.set_layout_engine("none")
        yield np.array(agg.buffer_rgba())[..., :3]


class GifWriter:
    """A looping GIF; the last frame is longest on screen.

    last      the last frame, whose colors all frames use
    comment   a text in the file
    frame_ms  milliseconds that a frame is shown
    """

    def __init__(self, path: Path, last: Pixels, comment: str, frame_ms: int) -> None:
        from PIL import Image

        self.path, self.comment, self.palette = path, comment, Image.fromarray(last).quantize(_PALETTE)
        self.frame_ms = frame_ms
        self.frames: list[Image.Image] = []

    def add(self, frame: Pixels) -> None:
        from PIL import Image

        self.frames.append(Image.fromarray(frame).quantize(palette=self.palette, dither=Image.Dither.NONE))

    def finish(self) -> None:
        buffer = io.BytesIO()
        times = [self.frame_ms] * (len(self.frames) - 1) + [LAST_FRAME_MS]
        options = {"append_images": self.frames[1:], "duration": times, "loop": 0, "comment": self.comment}
        self.frames[0].save(buffer, format="GIF", save_all=True, **options)
        atomic_write(self.path, buffer.getvalue())


class PngWriter:
    """A file for each frame, step-01.png and so on, in a folder that is new or empty."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.frames = folder, list[bytes]()

    def add(self, frame: Pixels) -> None:
        self.frames.append(_png(frame))

    def finish(self) -> None:
        self.folder.mkdir(exist_ok=True)
        digits = max(2, len(str(len(self.frames))))
        names = (f"step-{number:0{digits}}.png" for number in range(1, len(self.frames) + 1))
        atomic_write_all({self.folder / name: content for name, content in zip(names, self.frames, strict=True)})


class Mp4Writer:
    """A video, encoded by ffmpeg and shown as long as the GIF, at 10 frames per second."""

    def __init__(self, path: Path, command: str, frame_ms: int) -> None:
        self.path, self.command, self.frame_ms, self.frames = path, command, frame_ms, list[bytes]()

    def add(self, frame: Pixels) -> None:
        self.frames.append(_png(frame))

    def finish(self) -> None:
        still = [self.frames[-1]] * (round(LAST_FRAME_MS / self.frame_ms) - 1)
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            for number, content in enumerate((*self.frames, *still)):
                (folder / f"{number}.png").write_bytes(content)
            source = ["-framerate", f"1000/{self.frame_ms}", "-i", str(folder / "%d.png")]
            # Players need even sides and 4:2:0 colors.
            looks = ["-vf", "pad=ceil(iw/2)*2:ceil(ih/2)*2", "-r", "10", "-pix_fmt", "yuv420p"]
            made = folder / "made.mp4"
            looks += ["-movflags", "+faststart", "-metadata", "comment=nn-core"]
            command = [self.command, "-loglevel", "error", *source, *looks, str(made)]
            done = subprocess.run(command, capture_output=True, stdin=subprocess.DEVNULL, check=False)
            if done.returncode:
                lines = done.stderr.decode(errors="replace").strip().splitlines()
                raise DataError(f"ffmpeg could not write {self.path}: {lines[-1] if lines else 'no reason given'}")
            content = made.read_bytes()
        atomic_write(self.path, content)


def _png(frame: Pixels) -> bytes:
    from PIL import Image

    buffer = io.BytesIO()
    Image.fromarray(frame).save(buffer, format="PNG")
    return buffer.getvalue()


def ffmpeg() -> str:
    """The program ffmpeg: installed, or that of the package imageio-ffmpeg. Raises SettingError without one."""
    found = shutil.which("ffmpeg")
    if found is None:
        try:
            from imageio_ffmpeg import get_ffmpeg_exe  # type: ignore[import-not-found, unused-ignore]

            found = str(get_ffmpeg_exe())
        except (ImportError, RuntimeError):
            raise SettingError(
                "an .mp4 file needs ffmpeg: install it, or python -m pip install imageio-ffmpeg; or write a .gif file"
            ) from None
    return found
