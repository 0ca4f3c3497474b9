from django import forms
from django.contrib import admin
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.contrib.auth.forms import AdminUserCreationForm
from django.core.exceptions import PermissionDenied
from django.utils.translation import gettext_lazy as _

from accounts.models import ApiToken, Notification, User
from events.admin.fans import fans_like
from events.admin.windows import CheapList, FindById, ReadOnlyAdmin, pretty


class NewUserForm(AdminUserCreationForm):
    class Meta:
        model = User
        fields = ["email", "name"]
        field_classes = {"email": forms.EmailField}


@admin.register(User)
class UserAdmin(CheapList, FindById, DjangoUserAdmin):
    """Fans and operators. What a superuser has, only a superuser can give."""

    add_form = NewUserForm
    list_display = ["email", "name", "is_active", "is_staff", "date_joined"]
    list_filter = ["is_staff", "is_superuser", "is_active"]
    ordering = ["-id"]
    search_help_text = _("An e-mail address or a name or a part of one; or a whole id.")
    readonly_fields = ["id", "date_joined", "last_login"]
    fieldsets = [
        (None, {"fields": ["id", "email", "name", "language", "password"]}),
        (_("May"), {"fields": ["is_active", "is_staff", "is_superuser", "groups", "user_permissions"]}),
        (_("When"), {"fields": ["date_joined", "last_login"]}),
    ]
    add_fieldsets = [(None, {"fields": ["email", "name", "usable_password", "password1", "password2"]})]

    def search_words(self, queryset, words):
        return queryset.filter(pk__in=fans_like(words))

    def get_readonly_fields(self, request, obj=None):
        always = super().get_readonly_fields(request, obj)
        if request.user.is_superuser or obj is None:
            return always
        return [*always, "email", "is_superuser", "groups", "user_permissions"]

    def has_change_permission(self, request, obj=None):
        if obj is not None and obj.is_superuser and not request.user.is_superuser:
            return False
        return super().has_change_permission(request, obj)

    def has_delete_permission(self, request, obj=None):
        return False  # who has bought something stays in the books: make the account inactive

    def user_change_password(self, request, id, form_url=""):
        """Nobody becomes another operator by setting his password."""
        user = self.get_object(request, id)
        if user and user.is_staff and user != request.user and not request.user.is_superuser:
            raise PermissionDenied
        return super().user_change_password(request, id, form_url)


@admin.register(ApiToken)
class ApiTokenAdmin(ReadOnlyAdmin):
    list_display = ["id", "user", "created_at", "expires_at"]
    list_select_related = ["user"]
    ordering = ["-id"]
    found_by = ["user"]
    hidden = ["digest"]
    search_help_text = _("An e-mail address or a name or a part of one; or the whole id of a user.")

    def search_words(self, queryset, words):
        return queryset.filter(user__in=fans_like(words))


@admin.register(Notification)
class NotificationAdmin(ReadOnlyAdmin):
    list_display = ["created_at", "user", "kind", "read_at"]
    list_filter = looked_through = ["kind"]
    list_select_related = ["user"]
    ordering = ["-id"]
    found_by = ["pk", "user", "event_id"]
    fields = ["created_at", "user", "kind", "told", "event_id", "read_at"]
    search_help_text = _("An e-mail address or a name or a part of one; or a whole id.")

    def search_words(self, queryset, words):
        return queryset.filter(user__in=fans_like(words))

    @admin.display(description=_("told"))
    def told(self, notification):
        return pretty(notification.data)
