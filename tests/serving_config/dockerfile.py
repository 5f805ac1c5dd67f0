"""Reads a Dockerfile, and does in a folder what it would do in an image."""

from __future__ import annotations

import dataclasses
import json
import os
import re
import shlex
import shutil
import subprocess
from pathlib import Path


@dataclasses.dataclass(frozen=True)
class Stage:
    """One stage: its name, the name of what it starts from, and its instructions in order."""

    name: str
    base: str
    instructions: tuple[tuple[str, str], ...]

    def all(self, word):
        """The arguments of every instruction of a kind."""
        return [rest for found, rest in self.instructions if found == word]


def parse(text):
    """The stages of a Dockerfile, by name, and the arguments before the first."""
    text = re.sub(r"^\s*#.*\n", "", text, flags=re.MULTILINE)
    lines = re.sub(r"\\\n\s*", "", text).splitlines()
    pairs = [tuple(line.split(maxsplit=1)) for line in lines if line.strip()]
    stages, arguments = {}, {}
    for word, rest in pairs:
        if word == "FROM":
            base, _, name = rest.partition(" AS ")
            stages[name] = Stage(name, _filled(base, arguments), ())
        elif not stages:
            arguments |= _pairs(rest)
        else:
            last = list(stages)[-1]
            done = stages[last].instructions
            stages[last] = dataclasses.replace(stages[last], instructions=(*done, (word, rest)))
    return stages, arguments


def chain(stages, name):
    """A stage and those it starts from, the first first."""
    found = [stages[name]]
    while found[0].base in stages:
        found.insert(0, stages[found[0].base])
    return found


def environment(stages, name, base):
    """The variables of a stage, on top of those of the base image."""
    found = dict(base)
    for stage in chain(stages, name):
        for rest in stage.all("ENV"):
            found |= _pairs(rest)
    return found


def labels(stages, name):
    """The labels of a stage, its arguments filled in."""
    found = {}
    for stage in chain(stages, name):
        given = {}
        for word, rest in stage.instructions:
            if word == "ARG":
                given |= _pairs(rest)
            if word == "LABEL":
                found |= {key: _filled(value, given) for key, value in _pairs(rest).items()}
    return found


def last(stages, name, word):
    """What the last instruction of a kind says, lists taken apart."""
    [*_, rest] = [rest for stage in chain(stages, name) for rest in stage.all(word)]
    return json.loads(rest) if rest.startswith("[") else rest


class Tree:
    """A folder in the place of an image's file system."""

    def __init__(self, folder, context):
        """Takes a folder, and the files of the build context: relative path -> file."""
        self.folder = folder
        self.context = context
        self.work = "/"

    def path(self, inside):
        """Where a path of the image lies here."""
        return self.folder / inside.lstrip("/")

    def localized(self, text):
        """A text with the image's own paths exchanged for those here."""
        own = rf"(?<![\w./-])(?!{re.escape(str(self.folder))})/(opt|src|tools|home|tmp|sluice)\b"
        return re.sub(own, rf"{self.folder}/\1", text)

    def build(self, stage, variables, instead):
        """Follows the instructions; `instead` says what is done in the place of some commands."""
        for word, rest in stage.instructions:
            if word == "WORKDIR":
                self.work = rest
                self.path(rest).mkdir(parents=True, exist_ok=True)
            elif word == "COPY" and "--from" not in rest:
                self._copy(*rest.split())
            elif word == "RUN":
                stand_ins = [do for begins, do in instead.items() if rest.startswith(begins)]
                for do in stand_ins or [self.shell]:
                    do(rest, variables)

    def shell(self, command, variables):
        """Runs a line of shell."""
        self.run(["sh", "-ec", command], variables)

    def run(self, command, variables):
        """Runs a command with these variables and no others; fails with what it printed."""
        done = subprocess.run(
            [self.localized(word) for word in command],
            cwd=self.path(self.work),
            env={name: self.localized(value) for name, value in variables.items()},
            capture_output=True,
            text=True,
            timeout=600,
            check=False,
        )
        assert done.returncode == 0, f"{command}\n{done.stdout[-3000:]}\n{done.stderr[-3000:]}"
        return done.stdout

    def _copy(self, source, target):
        for name, file in self.context.items():
            if source == "." or name == source:
                to = self.path(self.work) / (name if source == "." else target)
                to.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(file, to)


def context(root, ignore):
    """The build context: the tracked files that .dockerignore lets through."""
    kept = [line[1:] for line in ignore.splitlines() if line.startswith("!")]
    listed = subprocess.run(
        ["git", "ls-files"], cwd=root, capture_output=True, text=True, check=True
    ).stdout.splitlines()
    return {
        name: Path(root, name)
        for name in listed
        if any(name == one or name.startswith(f"{one}/") for one in kept)
    }


def link_compiled(source, target):
    """Gives modules that are the same files their compiled forms, so that nobody waits for them."""
    for folder, _, names in os.walk(source):
        if Path(folder).name != "__pycache__":
            continue
        there = Path(target, Path(folder).relative_to(source))
        if there.parent.is_dir():
            there.mkdir(exist_ok=True)
            for name in names:
                if not (there / name).exists():
                    _link(Path(folder, name), there / name)


def _link(source, target):
    try:
        os.link(source, target)
    except OSError:  # another file system
        shutil.copy2(source, target)


def _pairs(rest):
    return dict(word.partition("=")[::2] for word in shlex.split(rest))


def _filled(text, given):
    return re.sub(r"\$\{(\w+)\}", lambda match: given[match[1]], text)
