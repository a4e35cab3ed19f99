"""Names: a file is called after the noun it holds."""

import re

from tests.house.tracked import ROOT, tracked_files

SAY_NOTHING = re.compile(r"(^|_)(utils?|helpers?|common|base|managers?|misc|stuff|tools?|lib)(_|$)")


def test_no_module_has_a_name_that_says_nothing() -> None:
    modules = [path.relative_to(ROOT) for path in tracked_files() if path.suffix == ".py"]
    vague = [str(path) for path in modules if any(map(SAY_NOTHING.search, (*path.parts[:-1], path.stem)))]
    assert vague == [], "call each after the one noun it holds, and split it if there are several"


def test_every_module_opens_with_a_sentence_on_what_it_holds() -> None:
    modules = [path for path in tracked_files() if path.suffix == ".py" and path.stat().st_size]
    silent = [str(p.relative_to(ROOT)) for p in modules if not p.read_text("utf-8").startswith(('"""', "#!"))]
    assert silent == [], "begin with one docstring sentence on what the module holds"
