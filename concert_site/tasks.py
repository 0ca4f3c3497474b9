from celery import shared_task

from concert_site.models import Finding, Reconciliation


@shared_task(name="concert_site.reconcile")
def reconcile(**kwargs):
    """Look at what was asked for, and at what the timetable wants, one invariant at a time."""
    Reconciliation.ask_for_what_is_due()
    while finding := Finding.next():
        finding.look()
    Reconciliation.prune()
