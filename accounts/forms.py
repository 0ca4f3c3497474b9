from django import forms
from django.contrib.auth.forms import AuthenticationForm, UsernameField
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import IntegrityError
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from events import bus

EMAIL = forms.EmailInput(attrs={"autocomplete": "email", "maxlength": 254})


class EmailTaken(ValidationError):
    def __init__(self):
        super().__init__(_("There is an account with this e-mail address. Sign in."), code="email_taken")


class SignUpForm(forms.ModelForm):
    """An account of one's own. What was typed stays, but for the password."""

    password = forms.CharField(
        label=_("Password"),
        max_length=128,
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
        help_text=_("At least 8 characters, and not one of those that everybody uses."),
    )

    class Meta:
        model = User
        fields = ["email", "name"]
        widgets = {"email": EMAIL, "name": forms.TextInput(attrs={"autocomplete": "name"})}

    field_order = ["email", "name", "password"]

    def clean_email(self):
        email = self.cleaned_data["email"]
        if User.objects.filter(email__iexact=email).exists():
            raise EmailTaken
        return email

    def clean(self):
        super().clean()
        password = self.cleaned_data.get("password")
        if password:
            self._judge(password)
        return self.cleaned_data

    def sign_up(self):
        """The new user; None, with the error in the form, when somebody was faster with the address."""
        language = (get_language() or "en").split("-")[0]
        try:
            with bus.atomic(User):
                return User.objects.create_user(**self.cleaned_data, language=language)
        except IntegrityError:
            self.add_error("email", EmailTaken())
            return None

    @property
    def is_email_taken(self):
        return self.has_error("email", "email_taken")

    def _judge(self, password):
        about = {name: self.cleaned_data.get(name, "") for name in ("email", "name")}
        try:
            validate_password(password, User(**about))
        except ValidationError as error:
            self.add_error("password", error)


class SignInForm(AuthenticationForm):
    username = UsernameField(label=_("E-mail address"), widget=EMAIL)
    error_messages = {
        "invalid_login": _("The e-mail address or the password is wrong."),
        "inactive": _("This account is closed."),
    }
