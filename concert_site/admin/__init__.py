"""Django's admin as the operator console: a window on all domains, with a few labelled levers.

site.py                the index with its health strip and its menu
sessions.py            signing in, and how long that lasts; second_factor.py: the code after the password
my_permissions.py      what an operator may do, and whom to ask for more
health_strip.py        what it tells
menu.py                the views, each as soon as it has a page
reservation_page.py    one reservation across all domains
reconciliation.py      whether all domains agree, and since when
repairs.py             which lever repairs what does not
room_page.py           rooms by the titles of their concerts
sales.py               how the sale goes, and as a file; sales_pictures.py draws it
verdicts.py            whether its points and its seats are as they should be, in words
"""

from importlib import import_module

from django.contrib.admin.apps import AdminConfig


class ConsoleConfig(AdminConfig):
    default_site = "concert_site.admin.site.ConsoleSite"

    def ready(self):
        super().ready()  # the apps register what is theirs
        for page in ("reservation_page", "room_page"):  # and these what crosses their borders
            import_module(f"concert_site.admin.{page}")
