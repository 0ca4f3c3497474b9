"""Levers of a noun as operators grip them, in the console and at the command line: what for, why not, what is said."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import structlog
from django.utils.translation import gettext as _

from events.aggregate import Aggregate, Refused, WrongStatus

logger = structlog.get_logger(__name__)
_handles = {}


@dataclass(frozen=True, kw_only=True)
class Result:
    """What became of one noun. outcome: ok, skipped (words say why it could not be done), failed (the log says it)."""

    id: str
    noun: str
    outcome: str
    words: str


def outcome_of(lever, noun, *arguments, did=lambda noun: "", **why) -> Result:
    """Pull it, lever(noun, *arguments, **why), and say what became of the noun. did: what to say when it is done.

    Never raises, so that a failure of one does not keep the others from being done, and told of.
    """
    told = {"id": str(noun.pk), "noun": str(noun)}
    try:
        lever(noun, *arguments, **why)
    except (Refused, WrongStatus) as refusal:
        return Result(outcome="skipped", words=str(refusal), **told)
    except Exception as error:
        logger.warning("lever_failed", noun=noun._meta.label, id=told["id"], exc_info=True)
        return Result(outcome="failed", words=_("failed: %s") % type(error).__name__, **told)
    return Result(outcome="ok", words=str(did(noun)), **told)


@dataclass(frozen=True, kw_only=True)
class Handle:
    """lever: the verb that is pulled, lever(noun, seen=…, operator=…, reason=…).

    will, did: what it is about to do to the noun and what it has done, in words. why_not: why it can't be pulled now;
    empty when it can. points: how many it moves, which may need a second person.
    """

    of: type[Aggregate]
    verb: str
    label: str
    lever: Callable
    will: Callable
    why_not: Callable
    did: Callable
    points: Callable = lambda noun: 0

    def __post_init__(self):
        _handles[self.action] = self

    @property
    def action(self) -> str:
        """What the operators' log calls it."""
        return f"{self.of._meta.model_name}.{self.verb}"

    def pull(self, noun, **why) -> Result:
        """Do it to the noun as it was seen, and say what became of it."""
        return outcome_of(self.lever, noun, did=self.did, **why)

    def pull_each(self, seen: dict, **why) -> Iterator[Result]:
        """Do it to those that were seen ({id: revision}) and to no others, each for itself."""
        found = {str(noun.pk): noun for noun in self.of._base_manager.filter(pk__in=seen)}
        for id in sorted(seen):
            if id in found:
                yield self.pull(found[id], seen=seen[id], **why)
            else:
                yield Result(id=id, noun=id, outcome="skipped", words=_("It is not there any more."))


def handle_of(action) -> Handle:
    """Raises KeyError."""
    return _handles[action]
