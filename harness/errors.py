"""The error a user sees: one sentence and the exit status that goes with it."""


class UserError(Exception):
    """What is wrong, what the alternatives are and what to do; `code` 1 = failed, 2 = misused."""

    def __init__(self, sentence: str, code: int = 1):
        super().__init__(sentence)
        self.code = code
