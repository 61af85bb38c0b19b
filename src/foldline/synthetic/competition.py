"""Draw the sample competition: pictures, tables and the traps of the real one."""

import shutil
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from operator import call
from pathlib import Path
from typing import Literal

import numpy as np
from PIL import Image

from foldline import console
from foldline.cores import count_cores, map_in_processes
from foldline.errors import UserError
from foldline.files import compute_sha256, write_json
from foldline.records import Record, load_record
from foldline.synthetic.faces import SHOTS, choose_moment, draw_picture
from foldline.synthetic.looks import build_look, pick
from foldline.synthetic.masks import WRONG_WAYS, choose_masks
from foldline.synthetic.people import SPLITS, Person, cast_people, compute_label
from foldline.tables import write_table

MARKER = "sample.json"
# to be raised when the same seed yields other pictures
VERSION = 3
RACE = "Drawn"
JUNK = b"\x00\x05\x16\x07not a picture: what macOS leaves beside one"
PNG_SHARE, JPEG_SHARE = 0.03, 0.02
JPEG_QUALITY = 90
# random streams besides those of looks (seed, split, person) and shots (…, 1 + shot)
FILES_STREAM, EVAL_ORDER_STREAM = 101, 102


@dataclass(frozen=True)
class Identity:
    """A person and their folder of pictures, whose `name` is `<id>_<gender>_<race>_<age>`."""

    person: Person
    id: str

    @property
    def name(self) -> str:
        return f"{self.id}_{self.person.gender}_{RACE}_{self.person.age}"


class _Marker(Record):
    """The marker in the folder of a drawn competition."""

    drawn_by: Literal["foldline sample"]
    # absent from markers of older versions
    version: int = 0
    people: int = 0
    eval_people: int = 0
    seed: int = 0


def is_drawn(root: Path, *, people: int, eval_people: int, seed: int) -> bool:
    """Return whether `root` holds this competition, complete.

    Raise `UserError` if `root` holds anything that foldline did not draw.
    """
    if not root.exists() or (root.is_dir() and not any(root.iterdir())):
        return False
    try:
        marker = load_record(root / MARKER, _Marker, remedy="draw it again")
    except UserError:
        marker = None
    if marker is None:
        raise UserError(
            f"{root}: will not overwrite it: it has no {MARKER} to say that foldline drew it; "
            "move it away or choose another folder"
        )
    return marker == _build_marker(people=people, eval_people=eval_people, seed=seed)


def draw_competition(
    root: Path, *, people: int, eval_people: int, seed: int, processes: int | None = None
) -> None:
    """Draw the competition into a folder beside `root`, then move it into place.

    A competition that foldline drew earlier is replaced; a failure leaves it as it was. The same
    arguments yield the same bytes, with any number of processes (default: one per core).
    """
    root = root.resolve()  # the target of a link is replaced, not the link
    is_drawn(root, people=people, eval_people=eval_people, seed=seed)
    root.parent.mkdir(parents=True, exist_ok=True)
    unfinished = Path(tempfile.mkdtemp(prefix=f".{root.name}.", dir=root.parent))
    try:
        train = identify(cast_people(people, seed=seed, split="train"))
        scored = cast_people(eval_people, seed=seed, split="eval")
        _draw_all(unfinished, train, scored, seed=seed, processes=processes)
        _write_train_table(unfinished, train)
        _write_eval_tables(unfinished, scored, seed=seed)
        _write_clutter(unfinished, train[0])
        marker = _build_marker(people=people, eval_people=eval_people, seed=seed)
        write_json(unfinished / MARKER, marker.model_dump())
        unfinished.chmod(0o755)
        _move_into_place(unfinished, root)
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)


def identify(cast: Sequence[Person]) -> list[Identity]:
    """Give each training person an id: one id is shared by two people, another has a suffix."""
    ids = [f"{index + 1:06d}" for index in range(len(cast))]
    # the folders of the two differ in gender or age, as in the real competition
    twin = next(
        index
        for index in range(1, len(cast))
        if (cast[index].gender, cast[index].age) != (cast[0].gender, cast[0].age)
    )
    ids[twin] = ids[0]
    ids[-1] = f"{ids[-1]}-1"
    return [Identity(person, id_) for person, id_ in zip(cast, ids, strict=True)]


def draw_person(person: Person, *, seed: int) -> list[Image.Image]:
    """Draw the seven pictures of `person`, in the order of `SHOTS`."""
    stream = [seed, SPLITS.index(person.split), person.index]
    look = build_look(person, seed=seed)
    masks = choose_masks(np.random.default_rng([*stream, 0]))
    images = []
    for number, shot in enumerate(SHOTS):
        rng = np.random.default_rng([*stream, 1 + number])
        moment = choose_moment(rng)
        if shot == "normal":
            images.append(draw_picture(look, moment))
        elif shot == "incorrect_mask":
            images.append(draw_picture(look, moment, pick(masks, rng), pick(WRONG_WAYS, rng)))
        else:
            images.append(draw_picture(look, moment, masks[number]))
    return images


def _build_marker(*, people: int, eval_people: int, seed: int) -> _Marker:
    return _Marker(
        drawn_by="foldline sample",
        version=VERSION,
        people=people,
        eval_people=eval_people,
        seed=seed,
    )


def _move_into_place(finished: Path, root: Path) -> None:
    """Make `finished` the new `root`; the old one is moved aside first and deleted afterwards."""
    if not root.exists():
        finished.rename(root)
        return
    old = finished.with_name(f"{finished.name}.old")
    root.rename(old)
    try:
        finished.rename(root)
    except BaseException:
        old.rename(root)
        raise
    shutil.rmtree(old)


def _draw_all(
    root: Path,
    train: Sequence[Identity],
    scored: Sequence[Person],
    *,
    seed: int,
    processes: int | None,
) -> None:
    train_images, eval_images = root / "train" / "images", root / "eval" / "images"
    train_images.mkdir(parents=True)
    eval_images.mkdir(parents=True)
    tasks = [
        *(partial(_save_train_person, train_images, one, seed=seed) for one in train),
        *(partial(_save_eval_person, eval_images, one, seed=seed) for one in scored),
    ]
    workers = min(processes or count_cores(), len(tasks))
    results = map(call, tasks) if workers == 1 else map_in_processes(call, tasks, workers)
    with console.progress("drawing people", len(tasks)) as bar:
        for _done in results:
            bar.advance()


def _save_train_person(images: Path, identity: Identity, *, seed: int) -> None:
    """Save the seven pictures of one person; a few are PNGs, or end in .jpeg."""
    person = identity.person
    rng = np.random.default_rng([seed, SPLITS.index(person.split), person.index, FILES_STREAM])
    folder = images / identity.name
    folder.mkdir()
    for shot, image in zip(SHOTS, draw_person(person, seed=seed), strict=True):
        chance = rng.random()
        if chance < PNG_SHARE:
            image.save(folder / f"{shot}.png")
        else:
            ending = "jpeg" if chance < PNG_SHARE + JPEG_SHARE else "jpg"
            image.save(folder / f"{shot}.{ending}", format="JPEG", quality=JPEG_QUALITY)


def _save_eval_person(images: Path, person: Person, *, seed: int) -> None:
    for shot, image in zip(SHOTS, draw_person(person, seed=seed), strict=True):
        name = name_eval_picture(person, shot, seed=seed)
        image.save(images / name, format="JPEG", quality=JPEG_QUALITY)


def name_eval_picture(person: Person, shot: str, *, seed: int) -> str:
    """Return 40 hex digits, which say nothing about the person, and `.jpg`."""
    return compute_sha256(f"{seed} {person.index} {shot}".encode())[:40] + ".jpg"


def _write_train_table(root: Path, train: Sequence[Identity]) -> None:
    rows = [(one.id, one.person.gender, RACE, one.person.age, one.name) for one in train]
    write_table(root / "train" / "train.csv", ("id", "gender", "race", "age", "path"), sorted(rows))


def _write_eval_tables(root: Path, cast: Sequence[Person], *, seed: int) -> None:
    """Write `info.csv` with placeholder answers and `truth.csv`, in the same random order."""
    answers = [
        (name_eval_picture(one, shot, seed=seed), compute_label(shot, one.gender, one.age))
        for one in cast
        for shot in SHOTS
    ]
    order = np.random.default_rng([seed, EVAL_ORDER_STREAM]).permutation(len(answers))
    shuffled = [answers[position] for position in order]
    header = ("ImageID", "ans")
    write_table(root / "eval" / "info.csv", header, [(name, 0) for name, _ in shuffled])
    write_table(root / "eval" / "truth.csv", header, shuffled)


def _write_clutter(root: Path, identity: Identity) -> None:
    """Write what lies among the real competition's pictures: hidden files, notebook checkpoints."""
    folder = root / "train" / "images" / identity.name
    shots = sorted(folder.iterdir())
    (folder / f"._{shots[0].name}").write_bytes(JUNK)
    (root / "train" / "images" / "._.DS_Store").write_bytes(JUNK)
    checkpoints = folder / ".ipynb_checkpoints"
    checkpoints.mkdir()
    shutil.copyfile(shots[0], checkpoints / f"{shots[0].stem}-checkpoint{shots[0].suffix}")
