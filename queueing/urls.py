"""The waiting room's pages."""

app_name = "queueing"
urlpatterns = []
