"""A group of verbs: one that it does not have is named with the nearest and all that there are."""

from typing import Any, List

import click

from harness.options import unknown


class Verbs(click.Group):
    """As click has it, but for what it says of an unknown verb."""

    def resolve_command(self, ctx: click.Context, args: List[str]) -> Any:
        verb = str(args[0])
        if not verb.startswith("-") and not ctx.resilient_parsing and self.get_command(ctx, verb) is None:
            raise unknown("command", verb, self.list_commands(ctx))
        return super().resolve_command(ctx, args)
