# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Connection options and credentials, checked before any call."""

from __future__ import annotations

import ipaddress
import os
import re
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import SplitResult, urlsplit

from .errors import ConfigurationError

DEFAULT_BASE_URL = "https://thingspace.verizon.com/api"

# Characters that a token in a header can contain.
TOKEN_TEXT = re.compile(r"[\x21-\x7e]+")


@dataclass(frozen=True)
class ConnectionSettings:
    """The connection options of all modules (contract sections 1 and 2).

    ``base_url`` is the URL without ``/ts/v1``, ``/m2m/v1`` and ``/fota/vN``. ``timeout`` is the
    maximum number of seconds of one call, including waits and retries. ``proxies`` maps a scheme
    to a proxy URL; ``None`` uses the proxies of the environment. ``token_cache`` is the directory
    of the shared token cache; ``None`` uses the cache directory of the user.
    ``requests_per_second`` limits the rate of calls of one client, including retries. A CA bundle
    in the environment is never used; set ``ca_path`` instead. ``record`` is the file to which all
    exchanges are appended, without secrets and identifiers. No representation shows a secret.
    """

    base_url: str = DEFAULT_BASE_URL
    client_id: str | None = None
    client_secret: str | None = field(default=None, repr=False)
    username: str | None = None
    password: str | None = field(default=None, repr=False)
    bearer_token: str | None = field(default=None, repr=False)
    session_token: str | None = field(default=None, repr=False)
    validate_certs: bool = True
    ca_path: str | None = None
    proxies: Mapping[str, str] | None = field(default=None, repr=False)  # may hold a password
    timeout: float = 120.0
    token_cache: str | None = None
    max_connections: int = 8
    requests_per_second: float | None = None
    record: str | None = None
    check_mode: bool = False

    @property
    def root(self) -> str:
        """The base URL without a slash at its end."""
        return self.base_url.rstrip("/")

    @property
    def host(self) -> str:
        """Host, and port when one is written, of the base URL."""
        return urlsplit(self.base_url).netloc

    @property
    def plain(self) -> bool:
        """Whether the base URL is plain http, which is allowed for loopback only."""
        return urlsplit(self.base_url).scheme == "http"

    @property
    def verify(self) -> bool | str:
        """Certificate check as one value: off, a CA file or directory, or the default CAs."""
        if not self.validate_certs:
            return False
        return self.ca_path or True

    def validate(self) -> None:
        """Raise ``ConfigurationError`` for invalid options, without showing a secret."""
        _check_base_url(self.base_url)
        self._check_limits()
        self._check_credentials()
        if self.validate_certs and self.ca_path is not None:
            _check_ca(self.ca_path)
        if self.plain:
            self._check_plain_proxies()

    def _check_limits(self) -> None:
        if not 0 < self.timeout < float("inf"):
            raise _wrong("timeout", "must be a positive number of seconds")
        if self.max_connections < 1:
            raise _wrong("max_connections", "must be at least 1")
        if self.requests_per_second is not None and not self.requests_per_second > 0:
            raise _wrong("requests_per_second", "must be greater than 0")

    def _check_credentials(self) -> None:
        for name in ("bearer_token", "session_token"):
            token = getattr(self, name)
            if token and not TOKEN_TEXT.fullmatch(token):
                raise _wrong(name, "must not contain spaces, line breaks or non-ASCII characters")
        if self.client_id and ":" in self.client_id:
            raise _wrong("client_id", "must not contain a colon")
        if not self.bearer_token:
            self._need("client_id", "client_secret", instead="bearer_token")
        if not self.session_token:
            self._need("username", "password", instead="session_token")

    def _need(self, *names: str, instead: str) -> None:
        missing = [name for name in names if not getattr(self, name)]
        if not missing:
            return
        raise ConfigurationError(
            f"missing credentials: {' and '.join(missing)}",
            hint=(
                f"Set {' and '.join(f'{name} ({variable(name)})' for name in missing)},"
                f" or {instead} ({variable(instead)})."
            ),
        )

    def _check_plain_proxies(self) -> None:
        # Plain http stays on this machine only if the proxy is also on it.
        for scheme, proxy in (self.proxies or {}).items():
            if scheme.startswith(("http:", "all")) or scheme == "http":
                host = urlsplit(proxy if "://" in proxy else f"//{proxy}").hostname
                if not _is_loopback(host):
                    raise _wrong("proxies", "must be on this host, because base_url is plain http")


def variable(option: str) -> str:
    """The environment variable of an option."""
    return f"THINGSPACE_{option.upper()}"


def _wrong(option: str, problem: str) -> ConfigurationError:
    return ConfigurationError(f"{option} {problem}", hint=f"Correct {option} ({variable(option)}).")


def _check_base_url(base_url: str) -> None:
    # The text of an invalid URL is not shown, because it may contain a password.
    try:
        url = urlsplit(base_url)
        port = url.port
    except ValueError as error:
        raise _wrong("base_url", "must be a URL") from error
    if url.scheme not in {"http", "https"} or not url.hostname or port == 0:
        raise _wrong("base_url", f"must look like {DEFAULT_BASE_URL}")
    if "@" in url.netloc or url.query or url.fragment or re.search(r"[\s\x00-\x1f]", base_url):
        raise _wrong("base_url", "must consist of scheme, host and path only")
    _check_scheme(url)


def _check_scheme(url: SplitResult) -> None:
    if url.scheme == "http" and not _is_loopback(url.hostname):
        raise _wrong(
            "base_url", f"must use https, or http to loopback, not plain http to {url.hostname}"
        )


def _check_ca(path: str) -> None:
    try:
        if os.path.isdir(path):
            return  # its files are looked up by hash when needed
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(cafile=path)
    except OSError as error:  # ssl.SSLError is one
        raise _wrong(
            "ca_path", f"must be a readable file of CA certificates, not {path!r}"
        ) from error


def _is_loopback(host: str | None) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host or "").is_loopback
    except ValueError:
        return False
