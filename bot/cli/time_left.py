"""How long until something is due, as tables have room for it."""

from datetime import datetime, timedelta

OVERDUE = "OVERDUE"


def time_left(due: datetime, now: datetime) -> str:
    """Days, hours and minutes: "2d 05:30"; "OVERDUE 1d 00:10" once it has come."""
    return span(due - now) if now < due else f"{OVERDUE} {span(now - due)}"


def span(time: timedelta) -> str:
    minutes = int(time.total_seconds()) // 60
    days, hours = divmod(minutes // 60, 24)
    clock = f"{hours:02}:{minutes % 60:02}"
    return f"{days}d {clock}" if days else clock
