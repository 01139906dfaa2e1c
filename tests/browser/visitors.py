"""Who comes with a browser, and did her pages behave? Contexts with a session, a size, a language and a guard."""

from dataclasses import dataclass, field
from typing import Literal, TypeAlias
from urllib.parse import urlsplit

import httpx
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, Request, ViewportSize

from tests.fakes.demo import Demo

PHONE: ViewportSize = {"width": 360, "height": 800}
TABLET: ViewportSize = {"width": 768, "height": 1024}
DESK: ViewportSize = {"width": 1366, "height": 768}

Language: TypeAlias = Literal["zh-CN", "en"]

_REFUSED = "Failed to load resource"
"""How Chromium words an answer such as 401 or 409: part of the conversation, not a defect of the page."""

_TELL_OF_VIOLATIONS = """
document.addEventListener('securitypolicyviolation', (event) =>
  console.error(`content security policy: ${event.violatedDirective} ${event.blockedURI}`))
"""
_CHOOSE_ENGLISH = "if (origin.startsWith('http')) localStorage.setItem('anling-language', 'en')"
_REMEMBER_SOUND = """
window.heard = { contexts: [], tones: 0 };
window.AudioContext = class extends AudioContext {
  constructor(...given) { super(...given); window.heard.contexts.push(this) }
};
window.OscillatorNode = class extends OscillatorNode {
  start(...given) { window.heard.tones += 1; super.start(...given) }
};
"""


@dataclass
class Visitors:
    """Opens contexts, and collects what their pages did wrong: errors, other hosts, broken content policies."""

    chromium: Browser
    centre: Demo
    wrong: list[str] = field(default_factory=list)
    _contexts: list[BrowserContext] = field(default_factory=list)

    def stranger(self, size: ViewportSize, language: Language = "zh-CN") -> Page:
        """A page of somebody nobody knows."""
        return self._context(size, language).new_page()

    def staff(self, account_id: str, size: ViewportSize, language: Language = "zh-CN") -> Page:
        """A page of somebody of the staff who has signed in."""
        context = self._context(size, language)
        self._bring_session(context, self.centre.staff(account_id))
        return context.new_page()

    def on_duty(self, account_id: str, size: ViewportSize, language: Language = "zh-CN") -> Page:
        """The board of somebody who has tapped 开始值班."""
        page = self.staff(account_id, size, language)
        page.goto(f"{self.centre.url}/")
        page.locator("button.start").click()
        page.locator("footer [data-live=live]").wait_for()
        return page

    def daughter(self, size: ViewportSize, language: Language = "zh-CN", before: str = "") -> Page:
        """The first screen of the daughter of s-01, whose phone the centre knows; `before` runs before its scripts."""
        context = self._context(size, language)
        context.add_init_script(before)
        self._bring_session(context, self.centre.daughter())
        page = context.new_page()
        page.goto(f"{self.centre.url}/family")
        page.locator("footer [data-live=live]").wait_for()
        return page

    def leave(self) -> None:
        """Everybody closes her browser."""
        for context in self._contexts:
            context.close()

    def _context(self, size: ViewportSize, language: Language) -> BrowserContext:
        context = self.chromium.new_context(viewport=size, locale=language, reduced_motion="reduce")
        self._contexts.append(context)
        context.set_default_timeout(10_000)
        context.add_init_script(_TELL_OF_VIOLATIONS)
        context.add_init_script(_REMEMBER_SOUND)
        if language == "en":
            context.add_init_script(_CHOOSE_ENGLISH)
        context.on("console", self._heard)
        context.on("weberror", lambda error: self.wrong.append(f"uncaught: {error.error}"))
        context.on("request", self._asked)
        return context

    def _bring_session(self, context: BrowserContext, client: httpx.Client) -> None:
        kept = client.cookies.items()
        context.add_cookies([{"name": name, "value": value, "url": self.centre.url} for name, value in kept])

    def _heard(self, message: ConsoleMessage) -> None:
        if message.type == "error" and not message.text.startswith(_REFUSED):
            self.wrong.append(f"{message.page.url if message.page else '?'}: {message.text}")

    def _asked(self, request: Request) -> None:
        asked = urlsplit(request.url)
        here = {"localhost", "127.0.0.1", urlsplit(self.centre.url).hostname}
        if asked.scheme not in {"data", "blob"} and asked.hostname not in here:
            self.wrong.append(f"asked another host: {request.url}")
