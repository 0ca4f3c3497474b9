"""The code of an operator's authenticator app, asked for after the password, whichever door that came through."""

from unicodedata import normalize

from django import forms
from django.conf import settings
from django.contrib.auth import REDIRECT_FIELD_NAME
from django.core.exceptions import ValidationError
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext_lazy as _

from accounts.models import Authenticator

SHOWN = "second_factor_shown"
NUMERIC = {"autocomplete": "one-time-code", "inputmode": "numeric", "autofocus": True}


class CodeForm(forms.Form):
    code = forms.CharField(label=_("Code"), max_length=10, widget=forms.TextInput(attrs=NUMERIC))

    def __init__(self, *args, authenticator):
        super().__init__(*args)
        self.authenticator = authenticator

    def clean_code(self):
        code = normalize("NFKC", self.cleaned_data["code"]).replace(" ", "")  # digits as an input method writes them
        if not self.authenticator.accepts(code):
            raise ValidationError(_("This is not the code of now. Wait for the next one and try again."))
        return code


def is_shown(request) -> bool:
    """Whether nothing is missing: the operator has shown his second factor, or has none and needs none."""
    authenticator = authenticator_of(request)
    if authenticator is None:
        return not settings.CONSOLE_SECOND_FACTOR
    return request.session.get(SHOWN) == authenticator.pk


def ask(site, request):
    """The page that asks for the code; then on to where the operator was going."""
    authenticator, onward = authenticator_of(request), _onward(request)
    form = CodeForm(*([request.POST] if request.method == "POST" else []), authenticator=authenticator)
    if authenticator and form.is_valid():
        request.session[SHOWN] = authenticator.pk
        return redirect(onward)
    context = {"title": _("Second factor"), "form": form, "authenticator": authenticator, "next": onward}
    return TemplateResponse(request, "admin/second_factor.html", site.each_context(request) | context)


def authenticator_of(request):
    """The operator's; asked for once in a request."""
    if not hasattr(request, "authenticator"):
        request.authenticator = Authenticator.objects.filter(user=request.user).first()
    return request.authenticator


def _onward(request):
    asked = request.POST.get(REDIRECT_FIELD_NAME) or request.GET.get(REDIRECT_FIELD_NAME) or ""
    safe = url_has_allowed_host_and_scheme(asked, allowed_hosts={request.get_host()}, require_https=request.is_secure())
    return asked if safe else "admin:index"
