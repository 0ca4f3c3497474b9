"""What the fan hears of it, in the account and by e-mail."""

from accounts.models import Notification
from tests.everything import assert_sound, settle


class TestTheFan:
    def test_is_told_of_a_purchase_and_of_its_cancellation(self, world, mailoutbox):
        reservation = world.bought_by(world.alice)
        world.alice.cancel(reservation.id)
        settle()

        told = Notification.objects.filter(user=world.alice.user).order_by("id")
        assert [each.kind for each in told] == ["ReservationConfirmed", "ReservationCancelled"]
        assert [mail.to for mail in mailoutbox] == [[world.alice.user.email]] * 2
        assert world.concert.title in mailoutbox[0].body
        assert_sound()

    def test_is_told_in_his_language(self, world, mailoutbox):
        world.alice.user.language = "ko"
        world.alice.user.save()
        world.bought_by(world.alice)
        settle()

        assert any("가" <= letter <= "힣" for letter in mailoutbox[0].subject)

    def test_whose_account_is_gone_holds_nothing_up(self, world, mailoutbox):
        world.bought_by(world.alice)
        world.alice.user.delete()

        settle()

        assert mailoutbox == []
        assert_sound()
