"""What a message is to say instead: asked for as JSON, and shown beside what it said."""

import difflib
import json

from django import forms
from django.utils.html import format_html, format_html_join
from django.utils.translation import gettext_lazy as _

from events import messages


class EditForm(forms.Form):
    """`message`: the new data as they will be written, after is_valid()."""

    data = forms.JSONField(
        label=_("What it is to say"),
        widget=forms.Textarea(attrs={"rows": 18, "spellcheck": "false", "class": "console-json-input"}),
        help_text=_("JSON. The type of the message stays; its fields must be those of the type."),
    )

    def __init__(self, posted, *, delivery):
        super().__init__(posted, initial={"data": delivery.event.data})
        self.event = delivery.event
        self.fields["data"].encoder = _Indented

    def clean_data(self):
        data = self.cleaned_data["data"]
        try:
            self.message = messages.read(type=self.event.type, data=data).to_data()
        except messages.UnknownMessage:
            raise forms.ValidationError(
                _("This code does not know messages of the type %s.") % self.event.type
            ) from None
        except (messages.UnreadableMessage, KeyError, TypeError) as error:
            raise forms.ValidationError(str(error)) from None
        if self.event.data in (data, self.message):
            raise forms.ValidationError(_("Nothing is changed. To send it as it is, retry it."))
        return data


class _Indented(json.JSONEncoder):
    def __init__(self, **options):
        super().__init__(**options | {"indent": 2, "ensure_ascii": False})


def difference(old, new):
    """Line by line: what goes is <del>, what comes is <ins>."""
    lines = difflib.ndiff(_lines(old), _lines(new))
    marked = [(line[:2], line[2:]) for line in lines if not line.startswith("?")]
    shown = format_html_join("\n", "{}", [(_marked(mark, text),) for mark, text in marked])
    return format_html('<pre class="console-json console-difference">{}</pre>', shown)


def _marked(mark, text):
    if mark == "- ":
        return format_html("<del>- {}</del>", text)
    return format_html("<ins>+ {}</ins>", text) if mark == "+ " else f"  {text}"


def _lines(data):
    return json.dumps(data, indent=2, ensure_ascii=False, sort_keys=True).splitlines()
