"""Everything that happened to one reservation, in every domain, as one list ordered by time: plain data.

The clocks are those of the databases; where domains have their own, moments of two domains may be milliseconds off.

story.py         the rows of all databases, read in one go
facts.py         what each domain did
deliveries.py    what became of the messages between them, attempt by attempt
words.py         the box office's words for it
"""

from concert_site.timeline import deliveries, facts
from concert_site.timeline.entry import Entry
from concert_site.timeline.story import Story

__all__ = ["Entry", "Story", "entries_of", "story_of", "timeline_of"]


def timeline_of(reservation) -> list[Entry]:
    """Oldest first; of the same moment, what was written first."""
    return entries_of(Story.of(reservation))


def story_of(correlation_id) -> list[Entry]:
    """What `events` knows of anything that is told under that id, a charge for example. Oldest first."""
    return entries_of(Story.told_under(correlation_id))


def entries_of(story) -> list[Entry]:
    entries = [*facts.entries(story), *deliveries.entries(story)]
    return sorted(entries, key=lambda entry: entry.at)
