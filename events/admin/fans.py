"""Other apps know a fan by id only. Operators know e-mail addresses; they sign in, so users are never far."""

from django.contrib import admin
from django.contrib.auth import get_user_model
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from events.admin.windows import as_uuid, link

MOST_FOUND = 200


def fans_like(words) -> list:
    """Ids of the fans whose e-mail address or name has these words."""
    users = get_user_model().objects.filter(Q(email__icontains=words) | Q(name__icontains=words))
    return list(users.order_by("pk").values_list("pk", flat=True)[:MOST_FOUND])


def account_of(words):
    """The id of the account with that e-mail address or id; None when there is none."""
    users, id = get_user_model().objects.all(), as_uuid(words)
    found = users.filter(pk=id) if id else users.filter(email__iexact=words.strip())
    return found.values_list("pk", flat=True).first()


def email_of(user_id) -> str:
    """The fan's address, or the id when the account is gone."""
    return emails_of([user_id]).get(user_id, str(user_id))


def emails_of(user_ids) -> dict:
    return dict(get_user_model().objects.filter(pk__in=set(user_ids)).values_list("pk", "email"))


class OfFan:
    """For admins of models with a `user_id`: search by e-mail address, a column that names the fan."""

    found_by = ["pk", "user_id"]
    search_help_text = _("An e-mail address or a name or a part of one; or a whole id.")

    def search_words(self, queryset, words):
        return queryset.filter(user_id__in=fans_like(words))

    def get_changelist_instance(self, request):
        changes = super().get_changelist_instance(request)
        emails = emails_of(row.user_id for row in changes.result_list)
        for row in changes.result_list:
            row.fan_email = emails.get(row.user_id, str(row.user_id))
        return changes

    @admin.display(description=_("fan"))
    def fan(self, row):
        email = getattr(row, "fan_email", None) or email_of(row.user_id)
        return link(get_user_model()._meta.label, row.user_id, email)
