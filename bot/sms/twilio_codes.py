"""Twilio's error codes and statuses, sorted once.

Codes: https://www.twilio.com/docs/api/errors. Twilio makes new and narrower
ones now and then: what is not listed here is `Failure.REFUSED`, which an
officer sees with Twilio's own code beside it.
"""

from bot.sms.gateway import Arrival, Failure, Report

CODES: dict[Failure, frozenset[int]] = {
    Failure.NUMBER: frozenset(
        {
            21211,  # invalid «To»
            21214,  # «To» cannot be reached
            21217,  # does not appear to be valid
            21265,  # «To» is a short code
            21266,  # «To» is «From»
            21268,  # premium rate or information service
            21604,  # no «To»
            21614,  # «To» is no mobile number
            21635,  # «To» is a landline
            30005,  # unknown destination handset
            30006,  # landline or unreachable carrier
            63003,  # channel could not find «To»
            63024,  # invalid message recipient
        }
    ),
    Failure.OPTED_OUT: frozenset({21610}),  # has replied STOP
    Failure.UNREACHABLE: frozenset({30003}),  # unreachable destination handset
    Failure.BLOCKED: frozenset(
        {
            30004,  # message blocked
            30007,  # message filtered
            30450,  # looks like SMS pumping
            63013,  # channel: policy violation
        }
    ),
    Failure.ROUTE: frozenset({21612}),  # no way between «To» and «From»
    Failure.CONTENT: frozenset(
        {
            21602,  # no body
            21617,  # body exceeds 1,600 characters
            21619,  # neither body nor media
            63005,  # channel did not accept the content
        }
    ),
    Failure.EXPIRED: frozenset({30036}),  # validity period expired
    Failure.BUSY: frozenset(
        {
            20429,  # too many requests
            21611,  # «From» has too many messages queued
            30001,  # queue overflow
            30022,  # rate limits exceeded
            63018,  # channel: rate limit exceeded
            63038,  # account exceeded its daily messages
        }
    ),
    Failure.SENDER: frozenset(
        {
            21212,  # invalid «From»
            21267,  # alphanumeric sender on a trial account
            21603,  # no «From»
            21606,  # «From» is no number of ours that may send
            21659,  # «From» is no Twilio number
            21660,  # «From» belongs to another account
            21661,  # «From» cannot send SMS
            21701,  # messaging service does not exist
            21703,  # messaging service has no number that fits
            21704,  # messaging service has no numbers
            21705,  # messaging service is invalid
            30024,  # sender not provisioned on that network
            30032,  # toll-free number not verified
            30034,  # sender not registered
            63007,  # no channel with that «From»
        }
    ),
    Failure.REGION: frozenset({21408}),  # country not enabled
    Failure.ACCOUNT: frozenset(
        {
            10001,  # account is not active
            20003,  # authentication failed
            20005,  # account not active
            20006,  # access denied
            20008,  # not with test credentials
            20403,  # forbidden
            20404,  # no such account
            21608,  # trial account: number not verified
            21609,  # invalid StatusCallback
            30002,  # account suspended
        }
    ),
    Failure.REFUSED: frozenset({30008}),  # unknown error
}
_FAILURES = {code: failure for failure, codes in CODES.items() for code in codes}

# https://www.twilio.com/docs/messaging/api/message-resource#message-status-values
# A phone that shows a message (`read`) has it; one that was taken back never will.
ARRIVALS = {
    "accepted": Arrival.UNKNOWN,
    "scheduled": Arrival.UNKNOWN,
    "queued": Arrival.UNKNOWN,
    "sending": Arrival.UNKNOWN,
    "sent": Arrival.UNKNOWN,
    "delivered": Arrival.DELIVERED,
    "read": Arrival.DELIVERED,
    "undelivered": Arrival.FAILED,
    "failed": Arrival.FAILED,
    "canceled": Arrival.FAILED,
}


def failure_of(code: int | None, status: int = 400) -> Failure:
    """Why Twilio refuses: by its code, else by the HTTP status."""
    if code in _FAILURES:
        return _FAILURES[code]
    return Failure.ACCOUNT if status in (401, 403, 404) else Failure.REFUSED


def report_of(status: str, code: int | None) -> Report:
    """A message's status, normalised; one that Twilio made up since tells nothing."""
    arrival = ARRIVALS.get(status, Arrival.UNKNOWN)
    if arrival is not Arrival.FAILED:
        return Report(arrival)
    return Report(arrival, failure_of(code), "" if code is None else str(code))
