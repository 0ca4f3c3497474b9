"""Pages around the account: signing up, in and out, notifications, the language."""

from django.conf import settings
from django.contrib import messages
from django.contrib.auth import login
from django.contrib.auth.decorators import login_required
from django.contrib.auth.views import LoginView, RedirectURLMixin
from django.core.paginator import Paginator
from django.db.models import Q
from django.db.models.functions import Now
from django.http import HttpResponseRedirect
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST
from django.views.generic import FormView
from django.views.i18n import LANGUAGE_QUERY_PARAMETER
from django.views.i18n import set_language as remember_language

from accounts.forms import SignInForm, SignUpForm
from accounts.models import Notification, User
from api.throttling import Limit

PER_PAGE = 20


class Throttled:
    """So many tries a minute from one address, the same as through the API."""

    def post(self, request, *args, **kwargs):
        if not Limit().allow_request(request, self):
            return self.refuse()
        return super().post(request, *args, **kwargs)

    def refuse(self):
        messages.error(self.request, _("Too many tries. Please wait a minute and try again."))
        form = self.get_form_class()(initial=self.request.POST.dict())
        return self.render_to_response(self.get_context_data(form=form), status=429)


class SignUp(Throttled, RedirectURLMixin, FormView):
    form_class = SignUpForm
    template_name = "accounts/sign_up.html"
    next_page = settings.LOGIN_REDIRECT_URL
    throttle_scope = "accounts"

    def form_valid(self, form):
        user = form.sign_up()
        if user is None:
            return self.form_invalid(form)
        login(self.request, user)
        messages.success(self.request, _("Welcome, %(name)s!") % {"name": user.name})
        return HttpResponseRedirect(self.get_success_url())

    def get_context_data(self, **context):
        return super().get_context_data(**context, next=self.get_redirect_url())


class SignIn(Throttled, LoginView):
    form_class = SignInForm
    template_name = "accounts/sign_in.html"
    redirect_authenticated_user = True
    throttle_scope = "sessions"

    def get_initial(self):
        return {"username": self.request.GET.get("email", "")}


@login_required
def notifications(request):
    """What the fan was told, unread first."""
    rows = request.user.notifications.annotate(unread=Q(read_at=None)).order_by("-unread", "-id")
    page = Paginator(rows, PER_PAGE).get_page(request.GET.get("page"))
    unread = request.user.notifications.filter(read_at=None).count()
    return render(request, "accounts/notifications.html", {"page": page, "unread": unread})


@login_required
@require_POST
def read_notifications(request):
    """All are read."""
    request.user.notifications.filter(read_at=None).update(read_at=Now())
    return redirect("notifications")


@login_required
@require_POST
def read_notification(request, pk):
    """This one is read; on to what it is about."""
    notification = get_object_or_404(Notification, pk=pk, user=request.user)
    Notification.objects.filter(pk=pk, read_at=None).update(read_at=Now())
    return redirect("reservation", notification.data["reservation_id"])


@require_POST
def set_language(request):
    """For this browser, and for the mails of who is signed in."""
    language = request.POST.get(LANGUAGE_QUERY_PARAMETER)
    if request.user.is_authenticated and language in dict(settings.LANGUAGES):
        User.objects.filter(pk=request.user.pk).update(language=language)
    return remember_language(request)
