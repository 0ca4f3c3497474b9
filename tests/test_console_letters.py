"""What operators see of dead letters in the console, and do with them."""

import csv
import json
from functools import partial

import pytest

from events import bus
from events.admin.letter_export import without_secrets
from events.models import Delivery, Event, OperatorAction
from events.models.letter_groups import groups
from events.relay import relay
from events.tests.stage import LISTENER, author, deliveries, listening, say, someone, states
from tests.operators import Operator, nobody_may_act
from tests.test_console_queries import Counting
from tests.threads import at_once

pytestmark = pytest.mark.usefixtures("transactional_db")
GROUP_PAGE = "events/delivery/dead-letters/group/"


def refuse(message, event):
    if message.amount == 13:
        raise ValueError("unlucky")


@pytest.fixture
def letters():
    """Three of one fault, the first with two behind it."""
    with listening(refuse, max_attempts=1):
        first = someone()
        for seq, amount in [(1, 13), (2, 1), (3, 1)]:
            say(seq, aggregate=first, amount=amount, concert_title="Night Flight")
        for _ in range(2):
            say(1, aggregate=someone(), amount=13)
        relay()
        yield list(deliveries(state="dead"))


@pytest.fixture
def letter(letters):
    return deliveries(state="dead").get(aggregate_id=deliveries(seq=2).get().aggregate_id)


@pytest.fixture
def boss():
    return Operator.superuser()


role = Operator.as_a


def query_of(group):
    return {"domain": group.using, "state": group.state, "consumer": group.consumer, "fingerprint": group.fingerprint}


def the_group():
    return query_of(groups(author())[0])


def page_of(letter, lever="change"):
    return f"events/delivery/{letter.pk}/{lever}/"


def actions():
    return OperatorAction.objects.using(author())


class TestThePageOfDeadLetters:
    def test_counts_them_by_fault_and_says_what_they_hold_up(self, boss, letters):
        page = boss.see("events/delivery/dead-letters/")
        for told in ("ValueError", "ReservationHeld", "listener", "3 reservations", "39 P", "Night Flight", "3 lanes"):
            assert told in page, told
        assert "2 waiting behind" in page

    def test_says_what_is_normal_when_there_are_none(self, boss):
        page = boss.see("events/delivery/dead-letters/")
        assert "No dead letters. That is how it should be" in page and "a new version is being installed" in page

    def test_shows_what_this_code_does_not_know_yet(self, boss, letters):
        say(1, aggregate=someone(), type="ReservationSung")
        relay()
        page = boss.see("events/delivery/dead-letters/")
        assert "UnknownMessage" in page and "ReservationSung" in page and "go on by themselves" in page

    def test_leads_to_the_letters_of_a_group_and_from_there_to_each(self, boss, letters):
        page = boss.see(GROUP_PAGE, **the_group())
        for each in letters:
            assert f"{each.pk}/change/?domain={author()}" in page
        assert "Retry them all …" in page

    def test_says_when_nothing_is_left_of_a_group(self, boss, letters):
        query = the_group()
        Delivery.objects.using(author()).update(state="done")
        assert "All of them were handled" in boss.see(GROUP_PAGE, **query)

    def test_is_for_who_may_see_deliveries(self):
        Operator.who_may("view_event").see("events/delivery/dead-letters/", status=403)
        role("viewer").see("events/delivery/dead-letters/")


class TestALettersPage:
    def test_tells_what_it_says_what_befell_it_and_what_it_holds_up(self, boss, letter):
        Event.objects.using(author()).filter(pk=letter.event_id).update(traceparent=f"00-{'a' * 32}-{'b' * 16}-01")
        page = boss.see(page_of(letter), domain=author())
        for told in (
            "&quot;amount&quot;: 13", "Traceback", "attempt 1", "ValueError: unlucky", "2 in its lane", "Parked",
            "a" * 32, f"reservations/reservation/{letter.correlation_id}/change/", "all with this fault",
        ):  # fmt: skip
            assert told in page, told

    def test_tells_what_operators_did(self, boss, letter):
        boss.pull(page_of(letter, "retry"), seen={letter.pk: 0}, reason="it is mended")
        assert "it is mended" in boss.see(page_of(letter), domain=author())

    def test_shows_levers_that_are_denied_and_why(self, letter):
        page = role("support").see(page_of(letter), domain=author())
        assert "Retry …" in page and 'aria-disabled="true">Discard' in page
        assert "You don&#x27;t have the permission" in page


class TestEveryPage:
    def addresses(self, letters):
        first = letters[0]
        yield "events/delivery/dead-letters/", {}
        yield GROUP_PAGE, the_group()
        yield page_of(first), {"domain": author()}
        yield "events/destination/", {}
        yield "events/destination/listener/change/", {"domain": bus.home(LISTENER)}

    def test_asks_at_most_15_questions_of_all_databases_together(self, letters):
        viewer = role("viewer")
        for path, query in self.addresses(letters):
            with Counting() as counting:
                viewer.see(path, **query)
            assert len(counting.queries) <= 15, (path, counting.queries)


class TestRetryingAGroup:
    def pages(self, operator, verb="retry"):
        answer = operator.client.get(f"/admin/{GROUP_PAGE}{verb}/", the_group())
        return answer.content.decode(), answer.context["form"].initial["seen"], answer.context["dry_run"].action

    def test_tells_first_which_and_what_they_hold_up(self, boss, letters):
        page, seen, _ = self.pages(boss)
        assert "3 dead deliveries are tried again" in page
        assert "lanes: 3, waiting behind: 2, reservations: 3, 39 P" in page
        assert seen == {str(each.pk): 0 for each in letters}
        assert states(pk__in=seen) == ["dead"] * 3

    def test_is_about_those_that_were_listed_and_tells_of_each(self, boss, letters):
        _, seen, address = self.pages(boss)
        say(1, aggregate=someone(), amount=13)
        relay()
        page = boss.pull(address.removeprefix("/admin/"), seen=seen)
        assert "3 ok" in page and page.count("<strong>ok</strong>") == 3
        assert "1 of this fault are there now" in page and "Go on with the next" in page
        assert actions().filter(action="delivery.retry").count() == 3

    def test_pressed_twice_has_one_effect_and_says_who_was_first(self, boss, letters):
        _, seen, address = self.pages(boss)
        boss.pull(address.removeprefix("/admin/"), seen=seen, reason="mended")
        page = Operator.superuser().pull(address.removeprefix("/admin/"), seen=seen)
        assert "3 skipped" in page and page.count(f"already handled by {boss.user.email}: mended") == 3
        assert actions().count() == 3

    def test_by_two_operators_at_once_retries_each_once(self, boss, letters):
        _, seen, address = self.pages(boss)
        olga, otto = Operator.superuser(), Operator.superuser()
        told = at_once(*[partial(each.pull, address.removeprefix("/admin/"), seen=seen) for each in (olga, otto)])
        assert sum(page.count("<strong>ok</strong>") for page in told) == 3
        assert sum(page.count("<strong>skipped</strong>") for page in told) == 3
        assert actions().count() == 3

    def test_larger_than_the_bound_says_so(self, boss, letters):
        [first, *_] = letters
        event = first.event
        more = [
            Event(aggregate_type="tests.Singer", aggregate_id=someone(), seq=1, type=event.type, data=event.data,
                  correlation_id=someone(), actor="system", traceparent="")
            for _ in range(2_000)
        ]  # fmt: skip
        Event.objects.using(author()).bulk_create(more)
        dead = {"consumer": "listener", "state": "dead", "fingerprint": first.fingerprint, "failed_at": first.failed_at}
        Delivery.objects.using(author()).bulk_create(
            Delivery(event=each, aggregate_type=each.aggregate_type, aggregate_id=each.aggregate_id, seq=1,
                     correlation_id=each.correlation_id, **dead)
            for each in more
        )  # fmt: skip
        assert "2,000+" in boss.see("events/delivery/dead-letters/")
        page, seen, _ = self.pages(boss)
        assert len(seen) == 500 and "500 of 2,000+ now" in page

    def test_goes_on_when_one_of_them_fails(self, boss, letters):
        _, seen, address = self.pages(boss)
        with nobody_may_act(author(), on=letters[0]):
            page = boss.pull(address.removeprefix("/admin/"), seen=seen)
        assert "2 ok" in page and "1 failed" in page and "failed: IntegrityError" in page
        assert states(pk=letters[0].pk) == ["dead"]

    def test_leads_from_each_outcome_to_its_letter(self, boss, letters):
        _, seen, address = self.pages(boss)
        page = boss.pull(address.removeprefix("/admin/"), seen=seen)
        assert f"{letters[0].pk}/change/?domain={author()}" in page and "Dead letters</a> · " in page

    def test_is_not_for_viewers(self, letters):
        viewer = role("viewer")
        viewer.see(f"{GROUP_PAGE}retry/", status=403, **the_group())
        viewer.pull("events/delivery/retry/", seen={}, status=403)
        assert 'aria-disabled="true">Retry them all' in viewer.see(GROUP_PAGE, **the_group())

    def test_can_be_a_group_given_up_in_portions(self, letters, settings):
        settings.APPROVAL_COUNT = 2
        manager = role("manager")
        assert "Discard them all (2 / 3)" in manager.see(GROUP_PAGE, **the_group())
        page, seen, address = self.pages(manager, "discard")
        assert len(seen) == 2 and "2 of 3 now" in page
        manager.pull(address.removeprefix("/admin/"), seen={each.pk: 0 for each in letters}, status=403)
        assert "2 ok" in manager.pull(address.removeprefix("/admin/"), seen=seen)

    def test_can_be_a_group_given_up_by_a_manager_and_not_by_support(self, letters):
        role("support").see(f"{GROUP_PAGE}discard/", status=403, **the_group())
        manager = role("manager")
        page, seen, address = self.pages(manager, "discard")
        assert "3 deliveries are given up for good" in page
        assert "3 ok" in manager.pull(address.removeprefix("/admin/"), seen=seen)
        assert states() == ["discarded", "ready", "waiting", "discarded", "discarded"]


class TestALever:
    @pytest.mark.parametrize("verb", ["retry", "discard"])
    def test_pulled_by_two_at_once_moves_once_and_the_other_is_told_who_did_it(self, letter, verb):
        olga, otto = Operator.superuser(), Operator.superuser()
        pulls = [partial(each.pull, page_of(letter, verb), seen={letter.pk: 0}) for each in (olga, otto)]
        told = at_once(*pulls)
        assert sum("already handled by boss-" in page for page in told) == 1
        assert actions().count() == 1

    def test_names_nobody_when_it_was_no_operator_who_was_faster(self, boss, letter):
        letter.retry(operator="Olga", reason="long ago")
        relay()
        deliveries(pk=letter.pk).update(state="done")
        page = boss.pull(page_of(letter, "retry"), seen={letter.pk: 1})
        assert "It has changed since you looked." in page and "already handled by" not in page

    def test_is_about_what_was_seen(self, boss, letter):
        assert "It has changed since you looked." in boss.pull(page_of(letter, "retry"), seen={someone(): 0})
        assert states(pk=letter.pk) == ["dead"]
        boss.pull(page_of(letter, "retry"), seen={letter.pk.hex.upper(): 0})
        assert states(pk=letter.pk) == ["ready"]

    def test_of_a_shelved_letter_may_be_pulled_too(self, boss, letters):
        say(1, aggregate=someone(), type="ReservationSung")
        relay()
        shelved = deliveries(state="shelved").get()
        assert "given up" in boss.pull(page_of(shelved, "discard"), seen={shelved.pk: 0})


class TestEditing:
    @pytest.fixture(autouse=True)
    def on(self, settings):
        settings.EDIT_DEAD_LETTERS = True

    def sent(self, letter, **changes):
        return {"data": json.dumps(letter.event.data | changes)}

    def post(self, operator, letter, sent, status=200):
        answer = operator.client.post(f"/admin/{page_of(letter, 'edit')}", sent, follow=True)
        assert answer.status_code == status
        return answer.content.decode()

    def test_shows_the_difference_before_anything_is_done(self, boss, letter):
        assert "&quot;amount&quot;: 13" in boss.see(page_of(letter, "edit"))
        page = self.post(boss, letter, self.sent(letter, amount=14) | {"look": "1"})
        assert "<del>-   &quot;amount&quot;: 13" in page and "<ins>+   &quot;amount&quot;: 14" in page
        assert states(pk=letter.pk) == ["dead"] and not actions().exists()

    def test_sends_a_new_event_caused_by_the_old_one(self, boss, letter):
        seen = {"seen": json.dumps({str(letter.pk): 0}), "reason": "a typing error"}
        assert "sent again, changed." in self.post(boss, letter, self.sent(letter, amount=14) | seen)
        new = Event.objects.using(author()).get(causation_id=letter.event_id)
        assert new.data["amount"] == 14
        relay()
        assert states(aggregate_id=letter.aggregate_id) == ["discarded", "done", "done", "done"]
        assert actions().get().action == "delivery.edit"

    @pytest.mark.parametrize(
        ("data", "words"),
        [
            ("{", "Enter a valid JSON"),
            ('{"amount": 1}', "missing"),
            ("[]", "ReservationHeld"),
            ("7", "ReservationHeld"),
        ],
    )
    def test_refuses_what_is_no_such_message(self, boss, letter, data, words):
        assert words in self.post(boss, letter, {"data": data, "look": "1"})

    def test_refuses_to_change_nothing(self, boss, letter):
        assert "Nothing is changed" in self.post(boss, letter, self.sent(letter) | {"look": "1"})

    def test_is_off_unless_switched_on(self, boss, letter, settings):
        settings.EDIT_DEAD_LETTERS = False
        boss.see(page_of(letter, "edit"), status=302)
        self.post(boss, letter, self.sent(letter, amount=14), status=403)
        assert "EDIT_DEAD_LETTERS" in boss.see(page_of(letter), domain=author())

    def test_is_not_for_support(self, letter):
        self.post(role("support"), letter, self.sent(letter, amount=14), status=403)
        role("manager").see(page_of(letter, "edit"))


class TestReplayingALane:
    def test_says_first_how_many_and_that_the_inbox_makes_repeats_harmless(self, boss, letters):
        singer = someone()
        for seq in (1, 2):
            say(seq, aggregate=singer)
        relay()
        [first, _] = deliveries(aggregate_id=singer)
        page = boss.see(page_of(first, "replay"))
        assert "2 messages are sent once more." in page and "2 of them took effect (the consumer is at v2)" in page
        assert "on its way again from here" in boss.pull(page_of(first, "replay"), seen={first.pk: 0})
        relay()
        assert states(aggregate_id=singer) == ["done", "done"]
        assert actions().get().action == "delivery.replay"

    def test_is_not_for_support_nor_of_a_dead_one(self, boss, letter):
        role("support").see(page_of(letter, "replay"), status=403)
        assert (
            "Only from one that is done"
            in boss.client.get(f"/admin/{page_of(letter, 'replay')}", follow=True).content.decode()
        )


class TestTheExport:
    def rows(self, operator, **query):
        answer = operator.client.get("/admin/events/delivery/dead-letters/group/csv/", query or the_group())
        assert answer.streaming and answer["Content-Type"].startswith("text/csv")
        return list(csv.DictReader(answer.getvalue().decode().splitlines()))

    def test_has_a_line_for_each_letter(self, boss, letters):
        rows = self.rows(boss)
        assert {row["delivery"] for row in rows} == {str(each.pk) for each in letters}
        assert rows[0]["error"] == "ValueError: unlucky" and json.loads(rows[0]["message"])["amount"] == 13

    def test_is_of_the_whole_domain_without_a_group(self, boss, letters):
        assert len(self.rows(boss, domain=author())) == 3

    def test_leaves_secrets_out_however_deep(self):
        data = {"queue_token": "x", "a": [{"Password": "y", "amount": 1}], "api_key": "z", "seat": "A 1"}
        assert without_secrets(data) == {
            "queue_token": "…",
            "a": [{"Password": "…", "amount": 1}],
            "api_key": "…",
            "seat": "A 1",
        }
