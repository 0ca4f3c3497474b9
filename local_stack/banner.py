"""What `make run` prints when everything answers."""

from local_stack.terminal import BOLD, DIM, coloured


def banner(*, url, data_platform_url, accounts, directory):
    """`accounts`: (role, e-mail, password) of whom one may sign in as."""
    lines = ["", coloured("The box office is open.", BOLD), ""]
    lines += _table(
        [
            ("Concerts", f"{url}/"),
            ("Admin", f"{url}/admin/"),
            ("API", f"{url}/api/docs/"),
            ("Data platform", f"{data_platform_url}/"),
        ]
    )
    lines += ["", coloured("Sign in as", BOLD), *_table(accounts)]
    lines += [
        "",
        coloured("Try", BOLD),
        "as a fan: enter a waiting room, hold a seat, pay with points, show the ticket",
        "in a second browser: take the same seat at the same moment",
        "as the operator: follow the reservation through every app, and on to the data platform",
        "",
        coloured(f"Logs, with the mails to fans, are in {directory}/log.", DIM),
        coloured("Ctrl-C ends everything; the data stays for the next start.", DIM),
        "",
    ]
    return "\n".join(f"  {line}".rstrip() for line in lines)


def _table(rows):
    widths = [max(len(cell) for cell in column) for column in zip(*rows, strict=True)]
    return ["  ".join(f"{cell:<{width}}" for cell, width in zip(row, widths, strict=True)) for row in rows]
