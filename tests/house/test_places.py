"""Places: the project names no package registry's host and no path of the machine it was written on."""

import re

from tests.house.tracked import ROOT, tracked_files

# Written in pieces, so that this file passes its own test.
HOSTS = [
    "pypi" + ".org",
    "files.python" + "hosted",
    "registry.npm" + "js",
    "deb.debian" + ".org",
    "proxy.golang" + ".org",
]
REGISTRY = re.compile("|".join(map(re.escape, HOSTS)), re.IGNORECASE)
MACHINE_PATH = re.compile(r"(?<![\w.}/:-])/(?:home|root|Users|work|workspace|mnt|builds)/[\w.-]+")


def found(pattern: re.Pattern[str]) -> list[str]:
    lines = []
    for path in tracked_files():
        text = path.read_text(encoding="utf-8", errors="ignore")
        for number, line in enumerate(text.splitlines(), 1):
            if match := pattern.search(line):
                lines.append(f"{path.relative_to(ROOT)}:{number}: {match[0]}")
    return lines


def test_no_file_names_a_package_registry() -> None:
    assert found(REGISTRY) == [], (
        "installing is configured outside: name the package, not where it comes from"
    )


def test_no_file_names_a_path_of_a_machine() -> None:
    assert found(MACHINE_PATH) == [], "write paths from the project's folder"


def test_no_file_names_this_checkout() -> None:
    here = re.compile(re.escape(str(ROOT)) + r"(?![\w-])") if len(ROOT.parts) > 2 else re.compile(r"(?!)")
    assert found(here) == [], "write paths from the project's folder"
