"""The site's own rows: rounds of looking whether what must always be true is true. They live with the accounts."""

from concert_site.models.finding import Finding
from concert_site.models.reconciliation import Reconciliation

__all__ = ["Finding", "Reconciliation"]
