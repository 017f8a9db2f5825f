# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Redacts what is sent and received, for a recording.

What is known to be a fact about the service stays: packages, versions, models, statuses, dates,
flags and counts. Identifiers become stand-ins, secrets become ``***``, and everything that is not
known becomes a stand-in as well. In messages of the service, which are free text, identifiers are
found by their form.
"""

from __future__ import annotations

import base64
import html
import json
import re
from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache
from urllib.parse import parse_qsl, quote, unquote

from .stand_ins import StandIns

HIDDEN = "***"
_FEWEST = 4  # characters of a secret or name to look for in texts
_MOST_NAMES = 500
# Patterns would take minutes for longer texts that are one word.
_LONGEST_TEXT = 2000
_LARGEST_COUNT = 999_999
_LARGEST_FACT = 999_999_999  # as many digits as stay in texts that are facts

_FACTS = frozenset(
    {
        *("clienttype", "distributiontype", "failuretype", "logtype", "protocol", "purchasetype"),
        *("campaignstatus", "requeststatus", "result", "status", "type", "upgradestatus"),
        *("code", "errorcode", "expires_in", "grant_type", "scope", "token_type"),
        *("filename", "fileversion", "firmware", "firmwarefrom", "firmwarename", "firmwareto"),
        *("firmwareversion", "fromversion", "make", "model", "softwarefrom", "softwarename"),
        *("softwareto", "toversion", "version", "count", "lastseenupgradeid", "maxpagesize"),
        *("service", "totaldevice"),
    }
)
_MESSAGES = frozenset(
    {
        *("cause", "description", "error", "error_description", "errormessage", "message"),
        *("reason", "releasenote", "resultreason"),
    }
)
_SECRETS = re.compile(r"password|secret|authorization|credential|refresh_token|passwd|api_?key")
_TOKENS = frozenset({"access_token", "sessiontoken", "token"})
_CONTENTS = frozenset({"binarylogfilebase64", "eventlog"})
_DEVICES = frozenset(
    {"deviceid", "deviceids", "devicelist", "imei", "lastseendeviceid", "startindex"}
)
_IDS = frozenset({"campaignid", "id", "lastseencampaignid", "requestid", "upgradeid"})
_NAMES = frozenset({"campaignname", "participantname", "username"})
_ACCOUNTS = frozenset({"accountname", "aname", "account"})
_URLS = frozenset({"url", "callbackurl", "error_uri"})
# Lists whose rows have the name of a package in ``name``.
_PACKAGE_LISTS = frozenset({"softwarelist", "filelist"})
_PLACEHOLDERS = {
    "account": "accountname",
    "campaign_id": "campaignid",
    "cursor": "lastseendeviceid",
    "device_id": "deviceid",
    "index": "startindex",
    "status": "status",
    "upgrade_id": "upgradeid",
}
# Words that say nothing about anyone, whatever the key.
_PLAIN = re.compile(
    "|true|false|yes|no|none|null|ok|success|failure|unknown|active|inactive|fota|all|0",
    re.IGNORECASE,
)
_DATE = (
    r"(?<!\d)\d{4}-\d\d-\d\d(?:[Tt ]\d\d:\d\d(?::\d\d)?(?:\.\d+)?)?"
    r"(?:[Zz]| ?[+-]\d\d:?\d\d(?: UTC)?)?(?!\d)"
    r"|(?<!\d)\d\d/\d\d/\d{4}(?: \d?\d:\d?\d:\d?\d)?(?!\d)"
)
_IS_DATE = re.compile(_DATE)
# The name space of the gateway's faults, not an address.
_NAME_SPACE = "http://wso2.org/apimanager"
_DOMAINS = (
    "com|net|org|io|gov|mil|edu|local|internal|corp|lan|home|cloud|invalid|test|example|de|uk|ca|mx"
)
_UUID = r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}"
# What identifies by its form alone, in any text.
_FORMS = {
    "date": _DATE,
    "url": r"[A-Za-z]{2,10}://[^\s\"'<>]+",
    # Letters of other alphabets too, and as in a URL.
    "email": r"[^\s\"'<>(),;:=@]+(?:@|%40)[^\s\"'<>(),;:=@%.]+(?:\.[^\s\"'<>(),;:=@%.]+)+",
    "account": r"(?<!\d)\d{10}-\d{5}(?!\d)",
    "name": r"tsr\.[a-z0-9-]{1,20}\.[\w.]*",
}
# What identifies in the messages of the service.
_FORMS_OF_MESSAGES = {
    "secret": r"(?:Bearer|Basic) +\S+|(?:[Tt]oken|[Pp]assword|[Ss]ecret)=[^\s&]+",
    "quoted": r"\"[^\"]{1,200}\"|(?<!\w)'[^']{1,200}'(?!\w)|`[^`]{1,200}`"
    r"|\u2018[^\u2019]{1,200}\u2019|\u201c[^\u201d]{1,200}\u201d",
    "address": r"(?<![\w.])\d{1,3}(?:\.\d{1,3}){3}(?!\.?\w)",
    "long_address": r"(?:[0-9a-fA-F]{0,4}:){3,7}[0-9a-fA-F]{1,4}"
    r"|(?<![\w:])(?:[0-9a-fA-F]{1,4}:){1,6}:[0-9a-fA-F]{1,4}",
    "host": rf"\b[\w-]+(?:\.[\w-]+)*\.(?:{_DOMAINS})\b(?!\.\w)",
    "spaced": r"\d(?:[ -]?\d){13,}",
    "phone": r"\+?(?:\(\d{3}\) ?|\d{3}[ .-])\d{3}[ .-]\d{4}(?!\d)",
    "number": r"\d{7,}",
    "opaque": r"(?=[\w+/=-]*\d)(?=[\w+/=-]*[A-Za-z])[\w+/=-]{24,}",
}


def _pattern(forms: Mapping[str, str]) -> re.Pattern[str]:
    return re.compile("|".join(f"(?P<{name}>{form})" for name, form in forms.items()), re.ASCII)


# A version can look like a UUID.
_IN_FACTS = _pattern({"version": _UUID, **_FORMS, "number": r"\d{10,}"})
_IN_MESSAGES = _pattern({"id": _UUID, **_FORMS, **_FORMS_OF_MESSAGES})
_XML_FAULT = re.compile(r"\s*<(?:\w{1,20}:)?fault[\s>]", re.IGNORECASE)
_IN_MARKUP = re.compile(r"<[^>]*>?|[^<]+")
_PLACEHOLDER = re.compile(r"\{(\w+)\}")
_IS_KEY = re.compile(r"[A-Za-z_@$][\w.:$-]{0,60}", re.ASCII)


class Redactor:
    """Redacts the exchanges of one client. Not for several threads at the same time.

    :ivar _names: the stand-ins of names and ids that were seen, to find them in messages.
    """

    def __init__(
        self, stand_ins: StandIns, *, secrets: Iterable[str], names: Iterable[str]
    ) -> None:
        self._stand_ins = stand_ins
        self._secrets = _spellings(secrets)
        self._names: dict[str, str] = {}
        self._known = re.compile("(?!)")
        self._fact = lru_cache(16_384)(self._new_fact)
        self.message = lru_cache(4096)(self._new_message)
        for name in names:
            for form in (name, name.upper(), name.lower()):
                self._notice(form, stand_ins.name(name))

    def knows(self, secrets: Iterable[str]) -> None:
        """Hide these secrets from now on, too."""
        new = [secret for secret in secrets if secret and secret not in self._secrets]
        if new:
            self._secrets = (*_spellings(new), *self._secrets)
            self._fact.cache_clear()
            self.message.cache_clear()

    def betrays(self, line: str) -> bool:
        """Whether a line has a secret that was missed."""
        return any(secret in line for secret in self._secrets)

    def tag(self, token: str | None) -> str | None:
        """A mark of a token, which is the same for the same token."""
        return None if not token else self._stand_ins.tag(token)

    def path(self, template: str, path: str) -> str:
        """A path of an operation, percent-encoded as before."""
        names = template.split("/")
        parts = path.split("/")
        if len(names) != len(parts):
            return template
        return "/".join(
            part if name == part else self._path_part(name, part)
            for name, part in zip(names, parts, strict=True)
        )

    def _path_part(self, name: str, part: str) -> str:
        found = _PLACEHOLDER.fullmatch(name)
        key = "" if found is None else _PLACEHOLDERS.get(found[1], found[1].lower())
        return quote(self._text(key, unquote(part)), safe="")

    def query(self, query: Mapping[str, str]) -> dict[str, str]:
        """The parameters of a query."""
        return {
            name: ",".join(self._text(name.lower(), part) for part in str(value).split(","))
            for name, value in query.items()
        }

    def json(self, value: object, key: str = "", place: str = "") -> object:
        """A decoded body.

        :param key: the member that holds the value, in lower case.
        :param place: the list that holds it.
        """
        if isinstance(value, dict):
            return {
                self._key(name): self.json(member, name.lower(), key)
                for name, member in value.items()
            }
        if isinstance(value, list):
            return [self.json(member, key, place) for member in value]
        if isinstance(value, str):
            return self._text(_in_place(key, place), value)
        if isinstance(value, bool) or value is None:
            return value
        return self._number(key, value)

    def _key(self, name: str) -> str:
        """A key, which could be an identifier or a name in a reply that is not documented."""
        key = self._fact(name)
        return key if key != name or _IS_KEY.fullmatch(name) else self._stand_ins.shaped(name)

    def body(self, body: bytes) -> dict[str, object]:
        """A body as members of an exchange: ``body`` if it is JSON, otherwise ``text``."""
        text = body.decode("utf-8-sig", errors="replace")
        if not text.strip():
            return {}
        try:
            return {"body": self.json(json.loads(text))}
        except (ValueError, RecursionError):
            pass
        if _XML_FAULT.match(text):
            return {"text": _IN_MARKUP.sub(self._markup, text)}
        kind = "<html></html>" if text.lstrip().startswith("<") else ""
        return {"text": kind, "removed": f"{len(body)} bytes that are not JSON"}

    def _markup(self, found: re.Match[str]) -> str:
        """A tag, or the text between two tags."""
        text = found[0]
        if text.startswith("<"):
            return self.message(text)
        return html.escape(self.message(html.unescape(text)), quote=False)

    def form(self, body: bytes) -> dict[str, object]:
        """A body that is a form, as members of an exchange."""
        pairs = parse_qsl(body.decode("utf-8", errors="replace"))
        return {"form": {name: self._text(name.lower(), value) for name, value in pairs}}

    def _new_message(self, text: str) -> str:
        """A text of the service, with stand-ins for what looks like an identifier or is known."""
        if len(text) > _LONGEST_TEXT:
            return _describe_long(text)
        text = self._without_secrets(text)
        parts: list[str] = []
        end = 0
        for found in self._known.finditer(text):
            parts += [_IN_MESSAGES.sub(self._replaced, text[end : found.start()])]
            parts += [self._names[found[0]]]
            end = found.end()
        return "".join([*parts, _IN_MESSAGES.sub(self._replaced, text[end:])])

    # -- texts by their key ---------------------------------------------------------------------

    def _text(self, key: str, value: str) -> str:
        if key in _FACTS or key.endswith(("date", "time")):
            return self._fact(value)
        if _SECRETS.search(key) is not None:
            return HIDDEN if value else ""
        if key in _TOKENS:
            self.knows([value])
            return self._stand_ins.identifier(value)
        if key in _MESSAGES:
            return self.message(value)
        if key in _CONTENTS:
            return _describe_long(value)
        return self._identifier(key, value)

    def _identifier(self, key: str, value: str) -> str:
        if key in _DEVICES:
            return self._stand_ins.device(value)
        if _PLAIN.fullmatch(value) or _IS_DATE.fullmatch(value):
            return value
        give = self._giver(key)
        stand_in = give(value)
        if key in _NAMES or key in _IDS or key in _ACCOUNTS:
            self._notice(value, stand_in)
        return stand_in

    def _giver(self, key: str) -> Callable[[str], str]:
        if key in _ACCOUNTS:
            return self._stand_ins.account
        if key in _URLS:
            return self._stand_ins.url
        return self._stand_ins.name if key in _NAMES else self._stand_ins.identifier

    def _notice(self, value: str, stand_in: str) -> None:
        """Remember a name, to find it in messages, unless it is found there by its form."""
        if len(value) < _FEWEST or value in self._names or len(self._names) >= _MOST_NAMES:
            return
        if not _IN_MESSAGES.fullmatch(value):
            self._names[value] = stand_in
            longest_first = sorted(self._names, key=len, reverse=True)
            self._known = re.compile("|".join(map(re.escape, longest_first)))
            self.message.cache_clear()

    def _number(self, key: str, value: object) -> object:
        if isinstance(value, float):
            # The service sends none; an identifier could be in its digits.
            return round(value, 3) if abs(value) <= _LARGEST_COUNT else 0.0
        if not isinstance(value, int):
            return value
        if abs(value) <= (_LARGEST_FACT if key in _FACTS else _LARGEST_COUNT):
            return value
        if _SECRETS.search(key) is not None or key in _TOKENS:
            return 0
        digits = str(abs(value))
        other = (
            self._stand_ins.device(digits) if key in _DEVICES else self._stand_ins.shaped(digits)
        )
        return int(other) if value > 0 else -int(other)

    def _new_fact(self, text: str) -> str:
        if len(text) > _LONGEST_TEXT:
            return _describe_long(text)
        return _IN_FACTS.sub(self._replaced, self._without_secrets(text))

    def _without_secrets(self, text: str) -> str:
        for secret in self._secrets:
            if secret in text:
                text = text.replace(secret, HIDDEN)
        return text

    def _quoted(self, text: str) -> str:
        """The stand-in of a quoted text, which can be a name without any form."""
        whole = _IN_MESSAGES.fullmatch(text)
        if whole is not None and whole.lastgroup != "quoted":
            return self._replaced(whole)
        return text if _PLAIN.fullmatch(text) else self._stand_ins.name(text)

    def _replaced(self, found: re.Match[str]) -> str:
        """The stand-in of what a pattern has found."""
        text, kind = found[0], found.lastgroup
        if kind in {"date", "version"} or text == _NAME_SPACE:
            return text
        if kind == "quoted":
            return f"{text[0]}{self._quoted(text[1:-1])}{text[-1]}"
        if kind == "secret":
            return HIDDEN
        give: dict[str | None, Callable[[str], str]] = {
            "url": self._stand_ins.url,
            "email": self._stand_ins.email,
            "id": self._stand_ins.identifier,
            "account": self._stand_ins.account,
            "name": self._stand_ins.name,
        }
        return give.get(kind, self._stand_ins.shaped)(text)


def _describe_long(text: str) -> str:
    return f"({len(text)} characters)"


def _in_place(key: str, place: str) -> str:
    return "softwarename" if key == "name" and place in _PACKAGE_LISTS else key


def _spellings(secrets: Iterable[str]) -> tuple[str, ...]:
    """Secrets as they can occur in a text, the longest first."""
    found: set[str] = set()
    for secret in secrets:
        if len(secret) >= _FEWEST:
            encoded = base64.b64encode(secret.encode("utf-8", "surrogatepass")).decode()
            escaped = json.dumps(secret)[1:-1]
            percent = quote(secret.encode("utf-8", "surrogatepass"), safe="")
            found |= {secret, escaped, percent, html.escape(secret), encoded, encoded.rstrip("=")}
    return tuple(sorted(found, key=len, reverse=True))
