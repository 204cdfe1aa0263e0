"""``python -m hgx_lab.cli`` is ``hgx``."""

from hgx_lab.cli._app import main

if __name__ == "__main__":
    main()
