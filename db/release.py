"""Which release of the code this is, as dead letters and health tell it."""

from importlib.metadata import PackageNotFoundError, version


def _version() -> str:
    try:
        return version("apptrail")
    except PackageNotFoundError:
        return "uninstalled"


CODE_VERSION = _version()
