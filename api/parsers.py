import json
import re

from django.utils.translation import gettext as _
from rest_framework.exceptions import ParseError
from rest_framework.parsers import JSONParser

NUL = re.compile(r"(?<!\\)(\\\\)*\\u0000")


class StrictJSONParser(JSONParser):
    """JSON that PostgreSQL can store: no half characters, no NUL, no bottomless nesting."""

    def parse(self, stream, media_type=None, parser_context=None):
        try:
            data = super().parse(stream, media_type, parser_context)
            text = json.dumps(data, ensure_ascii=False)
            text.encode()
        except (RecursionError, UnicodeEncodeError):
            raise ParseError(_("The JSON is nested too deep or holds broken characters.")) from None
        if NUL.search(text):
            raise ParseError(_("The JSON holds a NUL character."))
        return data
