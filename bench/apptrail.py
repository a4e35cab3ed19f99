"""The command `apptrail`, from this checkout."""

from scripts.main import app

if __name__ == "__main__":
    app()
