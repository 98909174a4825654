"""What can go wrong while Scratcher is started, as sentences that say what to do."""


class LauncherError(Exception):
    """Scratcher cannot be started here; str() is one sentence for the person at the terminal."""


class AlreadyRunning(LauncherError):
    """Another process has started the servers on this data folder and still runs."""
