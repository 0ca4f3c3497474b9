"""What an operator may not do just now. On a page of its own: models raise it that the aggregate leans on."""


class Refused(Exception):
    """An operator can't do this to the noun now; says why, in words for him."""
