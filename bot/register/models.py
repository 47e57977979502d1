"""The register: the durable truth. Queues, mails and logs only point into it.

Foreign keys restrict: nothing here disappears because something else did. What
may exist once is a unique column, so that two hands reaching for it end in an
`IntegrityError`, never in two. Free text and people's data stand in these
tables; the audit trail (`audit.Event`) holds codes and digests only.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, ClassVar

from tortoise import fields
from tortoise.models import Model

from bot.register import audit
from bot.register.columns import json_column
from bot.register.lifecycle import (
    AccountStatus,
    Act,
    Capacity,
    CertificateStatus,
    Channel,
    DossierStatus,
    ItemStatus,
    MailStatus,
    NoticeStatus,
    ProposalStatus,
    Role,
    Verb,
)
from bot.register.living import Living, restricted

JSON = Any


class Agency(Model):
    """An agency that directly manages subscribers, as the authority registered it."""

    id = fields.IntField(primary_key=True)
    code = fields.CharField(max_length=32, unique=True)
    name = fields.CharField(max_length=255)
    province = fields.CharField(max_length=64)  # L
    organization = fields.CharField(max_length=64)  # O
    units: list[str] = json_column(default=list)  # OU, outermost first
    mailbox = fields.CharField(max_length=254)  # every answer goes here
    senders: list[str] = json_column(default=list)  # other From
    domains: list[str] = json_column(default=list)  # of subscribers
    workplaces: list[str] = json_column(default=list)  # its units
    receiver: JSON = json_column(default=dict)  # full_name, mobile, mailbox
    registered_at = fields.DatetimeField()

    @property
    def chain(self) -> str:
        """The audit chain of what is done to this entry."""
        return f"agency:{self.id}"

    @property
    def path(self) -> tuple[str, ...]:
        """What its people's certificates bear: L, O, OU, the outermost first."""
        return (self.province, self.organization, *self.units)

    @property
    def mailboxes(self) -> frozenset[str]:
        """Where its mail may come from; case-folded."""
        return frozenset(address.casefold() for address in (self.mailbox, *self.senders))


class AgencySigner(Model):
    """Who may sign for an agency: certificate, capacity, from, to."""

    id = fields.IntField(primary_key=True)
    agency = restricted("Agency", "signers")
    agency_id: int
    fingerprint = fields.CharField(max_length=64, db_index=True)  # SHA-256 of the DER, hex
    certificate = fields.BinaryField()  # DER
    name = fields.CharField(max_length=255)
    capacity = fields.CharEnumField(Capacity, max_length=16)
    since = fields.DatetimeField()
    until = fields.DatetimeField(null=True)

    def in_force(self, at: datetime) -> bool:
        """Whether this entry lets its certificate sign for the agency at that time."""
        return self.since <= at and (self.until is None or at < self.until)


class Officer(Model):
    """Who decides what the bot holds: by signed orders, so nobody does without a certificate."""

    id = fields.IntField(primary_key=True)
    name = fields.CharField(max_length=255)
    mailbox = fields.CharField(max_length=254, unique=True)
    mobile = fields.CharField(max_length=16, default="")  # E.164
    role = fields.CharEnumField(Role, max_length=8, default=Role.WATCH)
    certificate = fields.BinaryField(null=True)  # DER
    fingerprint = fields.CharField(max_length=64, unique=True, null=True)  # SHA-256 of it, hex
    since = fields.DatetimeField()
    until = fields.DatetimeField(null=True)

    @property
    def chain(self) -> str:
        """The audit chain of what is done to this entry, and of what they order."""
        return f"officer:{self.id}"

    def in_force(self, at: datetime) -> bool:
        """Whether they are an officer at that time."""
        return self.since <= at and (self.until is None or at < self.until)


class Mail(Living):
    """One mail, kept byte for byte in the archive before it was acknowledged.

    What is only tried out is a row of its own: the same bytes may come in earnest.
    """

    digest = fields.CharField(max_length=64)  # SHA-256 of the bytes, hex
    is_trial = fields.BooleanField(default=False)  # it came to the pre-check mailbox
    size = fields.IntField()
    mailbox = fields.CharField(max_length=254)  # ours, the one it came to
    envelope_from = fields.CharField(max_length=512)  # as long as a command line may be
    received_at = fields.DatetimeField()
    message_id = fields.CharField(max_length=1000, default="")  # for In-Reply-To
    status = fields.CharEnumField(
        MailStatus, max_length=16, default=MailStatus.STORED, db_index=True
    )
    because = fields.CharField(max_length=64, default="")  # of its last move
    dossiers: fields.ReverseRelation[Dossier]

    class Meta:
        unique_together: ClassVar = (("digest", "is_trial"),)

    async def chain(self) -> str:
        return audit.SYSTEM


class Stranger(Model):
    """Who has signed a held mail and is not registered: once they are, it is looked at again."""

    id = fields.BigIntField(primary_key=True)
    mail = restricted("Mail", "strangers")
    mail_id: int
    fingerprint = fields.CharField(max_length=64, db_index=True)  # as `AgencySigner.fingerprint`

    class Meta:
        unique_together: ClassVar = (("mail", "fingerprint"),)


class Fetched(Model):
    """A message of an IMAP folder that is kept (RFC 9051 section 2.3.1.1)."""

    id = fields.BigIntField(primary_key=True)
    folder = fields.CharField(max_length=1300)  # its IMAP URL (RFC 5092)
    uid_validity = fields.BigIntField()
    uid = fields.BigIntField()
    mail = restricted("Mail", "fetched")
    mail_id: int

    class Meta:
        unique_together: ClassVar = (("folder", "uid_validity", "uid"),)


class Dossier(Living):
    """One letter: numbered, with its clock."""

    number = fields.CharField(max_length=16, unique=True)  # HS-2026-000123
    mail = restricted("Mail", "dossiers")
    mail_id: int
    place = fields.CharField(max_length=96, unique=True)  # "mail/digest": one dossier a letter
    agency = restricted("Agency", "dossiers")
    agency_id: int
    procedure = fields.CharField(max_length=16, default="issue")
    letter_digest = fields.CharField(max_length=64)  # SHA-256 of the part, hex
    # set when accepted: "agency/year/number", used up from then on
    letter_key = fields.CharField(max_length=160, unique=True, null=True)
    status = fields.CharEnumField(DossierStatus, max_length=16, default=DossierStatus.RECEIVED)
    received_at = fields.DatetimeField()
    due_at = fields.DatetimeField()
    application: JSON = json_column(null=True)  # as read from the signed revisions
    receiver_mobile = fields.CharField(max_length=16, null=True, db_index=True)  # E.164, of it
    verdicts: JSON = json_column(default=list)  # one a signature, EN 319 102-1 terms
    faults: JSON = json_column(default=list)  # of the letter
    evidence: list[str] = json_column(default=list)  # digests in the archive
    # faults that an officer has looked at and let pass: [code, position or null]
    overruled: list[list[Any]] = json_column(default=list)
    # the returned one that its letter names, and mends
    supersedes = restricted("Dossier", "superseded_by", null=True)
    supersedes_id: int | None
    superseded_by: fields.ReverseRelation[Dossier]
    items: fields.ReverseRelation[Item]
    notices: fields.ReverseRelation[Notice]
    holds: fields.ReverseRelation[Hold]

    class Meta:
        indexes: ClassVar = (("status", "due_at"),)  # the open ones, by time left

    async def chain(self) -> str:
        return f"dossier:{self.id}"


class Hold(Model):
    """A dossier, or some of its rows, that wait for an officer, under a code good for one order."""

    id = fields.BigIntField(primary_key=True)
    dossier = restricted("Dossier", "holds")
    dossier_id: int
    code = fields.CharField(max_length=16, unique=True)
    made_at = fields.DatetimeField()
    expires_at = fields.DatetimeField()
    ended_at = fields.DatetimeField(null=True)  # an order has used it up, or nothing waits any more


class Proposal(Living):
    """What one officer has signed, and others must sign too before it is done."""

    number = fields.CharField(max_length=16, unique=True)  # DX-2026-000123
    act = fields.CharEnumField(Act, max_length=8)
    content: JSON = json_column()  # of the shape that its act has
    evidence: list[str] = json_column(default=list)  # digests in the archive
    code = fields.CharField(max_length=16, unique=True)  # good for one answer
    status = fields.CharEnumField(
        ProposalStatus, max_length=16, default=ProposalStatus.PROPOSED, db_index=True
    )
    because = fields.CharField(max_length=64, default="")  # of its last move
    made_at = fields.DatetimeField()
    expires_at = fields.DatetimeField()
    orders: fields.ReverseRelation[Order]

    async def chain(self) -> str:
        return audit.SYSTEM


class Order(Model):
    """What an officer signed: one a mail, whose bytes in the archive bear the signature."""

    id = fields.BigIntField(primary_key=True)
    officer = restricted("Officer", "orders")
    officer_id: int
    mail: fields.OneToOneRelation[Mail] = fields.OneToOneField(
        "register.Mail", related_name="order", on_delete=fields.RESTRICT
    )
    mail_id: int
    verb = fields.CharEnumField(Verb, max_length=8)
    hold = restricted("Hold", "orders", null=True)
    hold_id: int | None
    proposal = restricted("Proposal", "orders", null=True)
    proposal_id: int | None
    rows: list[int] = json_column(default=list)  # positions; none: all that wait
    reason = fields.TextField(default="")
    # SHA-256 (hex) of who signed what and when; null: it came once more, in another mail
    mark = fields.CharField(max_length=64, unique=True, null=True)
    made_at = fields.DatetimeField()
    refused = fields.CharField(max_length=64, default="")  # why nothing came of it

    class Meta:
        table = "officer_order"  # "order" is SQL's


class Pause(Model):
    """A queue that stands still by an officer's order."""

    queue = fields.CharField(max_length=8, primary_key=True)
    officer = restricted("Officer", "pauses", null=True)  # null: whoever runs the bot
    officer_id: int | None
    since = fields.DatetimeField()


class Item(Living):
    """One row of a dossier: one person, one wish."""

    dossier = restricted("Dossier", "items")
    dossier_id: int
    position = fields.IntField()
    place = fields.CharField(max_length=32, unique=True)  # "dossier/position"
    status = fields.CharEnumField(ItemStatus, max_length=16, default=ItemStatus.ASKED)
    asked: JSON = json_column()  # the row as signed
    person = fields.CharField(max_length=12, default="", db_index=True)  # personal number asked for
    mailbox = fields.CharField(max_length=254, default="", db_index=True)  # case-folded
    faults: JSON = json_column(default=list)
    certificates: fields.ReverseRelation[Certificate]

    async def chain(self) -> str:
        return f"dossier:{self.dossier_id}"


class Subscriber(Model):
    """A person who has, or is about to have, a certificate."""

    id = fields.BigIntField(primary_key=True)
    personal_number = fields.CharField(max_length=12, unique=True)
    full_name = fields.CharField(max_length=255)
    mailbox = fields.CharField(max_length=254, db_index=True)
    mobile = fields.CharField(max_length=16, db_index=True)  # E.164
    agency = restricted("Agency", "subscribers")
    agency_id: int


class SubjectKey(Model):
    """A subscriber's key pair, wrapped under the KEK of the `subjects` token."""

    id = fields.BigIntField(primary_key=True)
    subscriber = restricted("Subscriber", "keys")
    subscriber_id: int
    algorithm = fields.CharField(max_length=16)
    public_key = fields.BinaryField()  # SubjectPublicKeyInfo, DER
    fingerprint = fields.CharField(max_length=64, unique=True)  # SHA-256 of it, hex
    blob = fields.BinaryField()  # empty once it is destroyed
    made_at = fields.DatetimeField()
    destroyed_at = fields.DatetimeField(null=True)


class Certificate(Living):
    """A reserved serial number and, once signed, the certificate that bears it."""

    item = restricted("Item", "certificates")
    item_id: int
    key = restricted("SubjectKey", "certificates")
    key_id: int
    subscriber = restricted("Subscriber", "certificates")
    subscriber_id: int
    # set while SIGNING or VALID: one item, one certificate; one person, one current certificate
    for_item = fields.BigIntField(unique=True, null=True)
    current_of = fields.BigIntField(unique=True, null=True)
    serial = fields.CharField(max_length=40, unique=True)  # hex, lower case
    status = fields.CharEnumField(
        CertificateStatus, max_length=16, default=CertificateStatus.SIGNING, db_index=True
    )
    tbs = fields.BinaryField()  # exactly what is signed
    der = fields.BinaryField(null=True)
    not_before = fields.DatetimeField()
    not_after = fields.DatetimeField()
    # the one that it renews or amends, and how often that line was renewed
    replaces = restricted("Certificate", "replaced_by", null=True)
    replaces_id: int | None
    renewals = fields.IntField(default=0)
    revoked_at = fields.DatetimeField(null=True)
    reason = fields.CharField(max_length=32, null=True)  # RFC 5280 5.3.1

    async def chain(self) -> str:
        return f"dossier:{(await self.item).dossier_id}"


class Account(Living):
    """How a subscriber gets to sign. The code is one-time and kept only as a hash."""

    subscriber: fields.OneToOneRelation[Subscriber] = fields.OneToOneField(
        "register.Subscriber", related_name="account", on_delete=fields.RESTRICT
    )
    subscriber_id: int
    login = fields.CharField(max_length=254, unique=True)
    status = fields.CharEnumField(AccountStatus, max_length=16, default=AccountStatus.PENDING)
    attempt = fields.IntField(default=0)  # number of the credential whose code is the live one
    code_hash = fields.CharField(max_length=128, null=True)  # argon2id
    code_expires_at = fields.DatetimeField(null=True)
    wrong_codes = fields.IntField(default=0)

    async def chain(self) -> str:
        return f"agency:{(await self.subscriber).agency_id}"


class Notice(Living):
    """The intent to tell one person one thing over one channel, made before it is sent."""

    key = fields.CharField(max_length=80, unique=True)
    kind = fields.CharField(max_length=32)
    channel = fields.CharEnumField(Channel, max_length=8)
    recipient = fields.CharField(max_length=254)  # mailbox, or E.164 number
    data: JSON = json_column()  # fields of its template; never a secret
    dossier = restricted("Dossier", "notices", null=True)
    dossier_id: int | None
    account = restricted("Account", "notices", null=True)
    account_id: int | None
    answers = restricted("Mail", "answers", null=True)  # for In-Reply-To
    answers_id: int | None
    status = fields.CharEnumField(
        NoticeStatus, max_length=16, default=NoticeStatus.INTENDED, db_index=True
    )
    made_at = fields.DatetimeField()
    sent_at = fields.DatetimeField(null=True)
    # told in another mail, together with what else waited for the same mailbox
    gathered_in = restricted("Notice", "gathered", null=True)
    gathered_in_id: int | None
    attempts: fields.ReverseRelation[Attempt]

    class Meta:
        indexes: ClassVar = (("recipient", "sent_at"),)

    async def chain(self) -> str:
        return f"dossier:{self.dossier_id}" if self.dossier_id else audit.SYSTEM


class Attempt(Model):
    """One try to send a notice, committed before the try, and what the peer said of it."""

    id = fields.BigIntField(primary_key=True)
    notice = restricted("Notice", "attempts")
    notice_id: int
    number = fields.IntField()
    message_id = fields.CharField(max_length=120, unique=True)
    made_at = fields.DatetimeField()
    accepted_at = fields.DatetimeField(null=True)
    # what the peer calls it: the mail server's queue id, the carrier's number of the message
    reference = fields.CharField(max_length=128, null=True, db_index=True)
    delivered_at = fields.DatetimeField(null=True)  # as the carrier says
    failure = fields.CharField(max_length=64, default="")  # why it never arrived, as it says later


class Task(Model):
    """Something that must happen. Written in the transaction that calls for it."""

    id = fields.BigIntField(primary_key=True)
    key = fields.CharField(max_length=80, unique=True)
    kind = fields.CharField(max_length=16)
    subject = fields.BigIntField()  # which row
    since = fields.DatetimeField()
    due_at = fields.DatetimeField()
    attempts = fields.IntField(default=0)  # counted when begun, so killing the worker counts
    lease = fields.CharField(max_length=32, null=True)  # token of the hand that has it
    leased_until = fields.DatetimeField(null=True)
    begun_at = fields.DatetimeField(null=True)  # null: leased, and its message is on the way
    parked_at = fields.DatetimeField(null=True)
    last_error = fields.CharField(max_length=64, default="")

    class Meta:
        # a relay looks for what is due, and for what is on the way, by kind
        indexes: ClassVar = (("kind", "due_at"), ("kind", "leased_until"))


class Inbound(Model):
    """A short message that somebody sent us. The carrier may tell of it more than once."""

    id = fields.BigIntField(primary_key=True)
    reference = fields.CharField(max_length=64, unique=True)  # the carrier's number of it
    sender = fields.CharField(max_length=16, db_index=True)  # E.164
    text = fields.TextField()
    received_at = fields.DatetimeField()


class OptOut(Model):
    """A number that asked to be left alone (STOP): nothing is sent there until it says START."""

    number = fields.CharField(max_length=16, primary_key=True)  # E.164
    since = fields.DatetimeField()
