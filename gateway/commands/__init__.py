"""What each command of `toolgate` does: reads settings, opens what it needs, tells a person at a terminal.

Leaves the words and options of the command line to `gateway.__main__`, and every rule to the rooms below.
"""


class CommandFailed(Exception):
    """The command can't do what it was asked for; the message is one line with the reason and what to do."""
