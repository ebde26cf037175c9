"""Photographs packed for a training on another machine: as few bytes as it needs, in tar files of bounded size.

For luma the pictures are stored in grey: what comes in PNG as PNG, what comes in JPEG or WebP as JPEG, since only shrunk copies of that
are trained on. Grey is stored at full range, which luma is made from to within a level.
"""

import io
import tarfile
from dataclasses import dataclass
from pathlib import Path

from PIL import Image

from .listed import FOLDERS
from .pairs import LOSSY_TYPES
from .pictures import image_files

PART = 55 << 20
"""Greatest size of a part, in bytes."""
_BLOCK = 512
"""tar rounds each file up to this and puts a header of the same size before it."""
_END = 20 * _BLOCK


@dataclass(frozen=True)
class Packing:
    """`channels` is 1 for luma, 3 for RGB; `quality` is that of the JPEGs; `size` is what pictures that come in JPEG or WebP are shrunk to."""

    channels: int = 1
    quality: int = 90
    size: float = 1.0


def pack(data: Path, out: Path, packing: Packing, programs: Path | None = None, limit: int = PART) -> list[Path]:
    """Write part-01.tar and so on below `out`: the pictures of train, val, val2 and eval, the list of the training pictures, and the Python files below `programs`.

    Unpacked into one folder, the parts are a data folder; the programs lie in it under the name of their own folder.
    @raises SystemExit if `out` holds parts already, or one picture is larger than a part
    """
    if any(out.glob("part-*.tar")):
        raise SystemExit(f"{out} holds parts already. Give --out a new folder.")
    if not 0 < packing.size <= 1 or not 1 <= packing.quality <= 100:
        raise SystemExit(f"--size {packing.size:g} --quality {packing.quality}: sizes are above 0 and at most 1, qualities from 1 to 100.")
    out.mkdir(parents=True, exist_ok=True)
    parts: list[Path] = []
    used, archive = limit, None
    for name, content in _contents(data, packing, programs):
        taken = _BLOCK + -(-len(content) // _BLOCK) * _BLOCK
        if taken + _END > limit:
            raise SystemExit(f"{name} takes {taken / 2**20:.1f} MiB, more than a part of {limit / 2**20:.0f} MiB. Give a lower --quality or --size.")
        if used + taken + _END > limit:
            if archive:
                archive.close()
            parts.append(out / f"part-{len(parts) + 1:02}.tar")
            used, archive = 0, tarfile.open(parts[-1], "w", format=tarfile.USTAR_FORMAT)
        entry = tarfile.TarInfo(name)
        entry.size, entry.mode = len(content), 0o644
        archive.addfile(entry, io.BytesIO(content))
        used += taken
    archive.close()
    return parts


def _contents(data: Path, packing: Packing, programs: Path | None):
    """Names and bytes of what is packed, the smallest things first."""
    if programs:
        for path in sorted(p for p in programs.rglob("*") if p.suffix in (".py", ".sh", ".txt")):
            yield f"{programs.name}/{path.relative_to(programs).as_posix()}", path.read_bytes()
    listing = data / "train" / "MANIFEST.tsv"
    if listing.exists():
        yield "train/MANIFEST.tsv", listing.read_bytes()
    for folder in FOLDERS:
        for path in image_files(data / folder) if (data / folder).is_dir() else []:
            name, content = _stored(path, packing, folder == "train")
            yield (path.relative_to(data).parent / name).as_posix(), content


def _stored(path: Path, packing: Packing, shrinks: bool) -> tuple[str, bytes]:
    lossy = path.suffix.lower() in LOSSY_TYPES
    with Image.open(path) as opened:
        image = opened.convert("L" if packing.channels == 1 else "RGB")
    if lossy and shrinks and packing.size != 1:
        image = image.resize(tuple(round(side * packing.size) for side in image.size), Image.BICUBIC)
    stored = io.BytesIO()
    if lossy:
        image.save(stored, "JPEG", quality=packing.quality, subsampling=0, optimize=True)
    else:
        image.save(stored, "PNG", optimize=True)
    return f"{path.stem}{'.jpg' if lossy else '.png'}", stored.getvalue()
