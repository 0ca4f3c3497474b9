from tests.test_openapi import DOCUMENTED


class TestTheApisDocumentation:
    def test_shows_every_endpoint_and_complains_of_nothing(self, live_server, page):
        complaints = []
        page.on("console", lambda message: complaints.append(message.text))
        page.on("requestfailed", lambda request: complaints.append(request.url))
        page.goto(f"{live_server.url}/api/docs/")
        page.locator(".opblock").first.wait_for()
        assert page.locator(".opblock").count() == len(DOCUMENTED)
        assert complaints == []
