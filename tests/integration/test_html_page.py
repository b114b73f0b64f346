"""The page in a real browser: nothing breaks, nothing overflows, nothing is out of reach, and no value does anything."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from migration_checks.renderers.html import render
from tests.page_reports import RICH, hostile, large
from tests.reports import CLEAN, EMPTY

sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed (pip install '.[browser]')")
CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="there is no Chromium (apt-get install chromium)")

WIDTHS = (390, 1280, 1920)
REPORTS = {"rich": RICH, "clean": CLEAN, "empty": EMPTY, "hostile": hostile()}

Open = Callable[..., Any]


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the page of each report."""
    folder = tmp_path_factory.mktemp("pages")
    for name, report in REPORTS.items():
        (folder / f"{name}.html").write_text(render(report), encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture
def visit(browser: Any, pages: Path) -> Iterator[Open]:
    """Opens a report's page; at the end no page may have complained, or asked for anything but itself."""
    complaints: list[str] = []
    contexts = []

    def visit(name: str, width: int = 1280, fragment: str = "", **options: Any) -> Any:
        context = browser.new_context(viewport={"width": width, "height": 900}, **options)
        contexts.append(context)
        context.set_default_timeout(60_000)  # the machine may be busy
        page = context.new_page()
        page.on("console", lambda message: complaints.append(f"{message.type}: {message.text}"))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("request", lambda request: complaints.append(request.url) if not _own(request.url) else None)
        page.goto((pages / f"{name}.html").as_uri() + fragment)
        return page

    def _own(url: str) -> bool:
        return url.startswith((pages.as_uri(), "data:image/svg+xml"))

    yield visit
    for context in contexts:
        context.close()
    assert complaints == []


def unfold(page: Any) -> None:
    page.evaluate("document.querySelectorAll('details').forEach(each => { each.open = true; })")


OVERFLOWING = """() => {
  const width = document.documentElement.clientWidth;
  const wide = [...document.querySelectorAll('body *')].filter((each) => {
    const box = each.getBoundingClientRect();
    return box.width > 1 && (box.right > width + 1 || box.left < -1) && !each.closest('.scroll, svg, .skip');
  });
  return wide.slice(0, 3).map((each) => each.outerHTML.slice(0, 200));
}"""


@pytest.mark.parametrize("name", REPORTS)
def test_nothing_is_wider_than_the_page(visit: Open, name: str) -> None:
    """On a phone, a laptop and a large screen, with everything unfolded, nothing overflows to the side."""
    page = visit(name)
    unfold(page)
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 900})

        assert page.evaluate(OVERFLOWING) == [], width
        assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth"), width


@pytest.mark.parametrize(("name", "scheme", "width"), [("rich", "light", 390), ("rich", "dark", 1280), ("clean", "dark", 390)])
def test_no_rule_of_accessibility_is_broken(visit: Open, name: str, scheme: str, width: int) -> None:
    """axe-core finds no violation, with everything unfolded."""
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe-playwright-python is not installed")
    page = visit(name, width, color_scheme=scheme)
    unfold(page)

    found = axe.Axe().run(page).response
    assert [(each["id"], each["nodes"][0]["html"]) for each in found["violations"]] == []
    assert len(found["passes"]) > 30


def test_no_value_acts(visit: Open) -> None:
    """Markup, scripts and handlers in values are text: none has run, none became an element of its own."""
    page = visit("hostile")
    unfold(page)

    assert page.evaluate("window.attacked === undefined && window.alert.toString().includes('native')")
    assert page.locator("img, iframe, svg[onload], [onmouseover], [onerror]").count() == 0
    assert page.locator("script").count() == 1
    assert "<script>window.attacked = 1</script>" in page.locator("#findings").inner_text()


def test_the_policy_holds_where_escaping_would_not(browser: Any, pages: Path) -> None:
    """Should a value ever become markup, its script does not run and its image is not asked for."""
    attack = "<script>window.attacked = 1</script><img src='http://127.0.0.1:9/x.png' onerror='window.attacked = 2'>"
    whole = (pages / "clean.html").read_text(encoding="utf-8")
    (pages / "broken.html").write_text(whole.replace("<main>", f"<main>{attack}"), encoding="utf-8")
    refused: list[str] = []

    page = browser.new_page()
    page.on("console", lambda message: refused.append(message.text))
    page.goto((pages / "broken.html").as_uri())

    assert page.locator("main > img").count() == 1
    assert page.evaluate("window.attacked === undefined")
    assert len([text for text in refused if "Content Security Policy" in text]) == 3
    page.close()


def test_the_filter_chooses(visit: Open) -> None:
    """Severity, revision and table, alone and together; the count is said; everything comes back."""
    page = visit("rich")
    shown, count = page.locator(".findings > li:visible"), page.locator("#filter output")
    expect = sync_api.expect  # waits until the page has done what it does
    expect(shown).to_have_count(6)
    expect(count).to_have_text("6 of 6 findings")

    page.get_by_label("error", exact=True).uncheck()
    expect(shown).to_have_count(3)
    expect(count).to_have_text("3 of 6 findings")
    page.locator("#filter-revision").select_option(label="ccc333")
    expect(shown).to_have_count(1)
    expect(page.locator("details.revision:visible")).to_have_count(1)
    page.get_by_label("error", exact=True).check()
    page.locator("#filter-revision").select_option(label="all")
    page.locator("#filter-table").select_option(label="public.items")
    expect(shown).to_have_count(5)
    page.get_by_role("button", name="Show all").click()
    expect(shown).to_have_count(6)
    expect(count).to_have_text("6 of 6 findings")


def test_the_keyboard_is_enough(visit: Open) -> None:
    """The first stop skips to the findings; boxes, folds and links are reached and worked with keys alone."""
    page = visit("rich")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    page.keyboard.press("Enter")
    assert page.evaluate("location.hash") == "#findings"

    reached = set()
    for _ in range(60):
        page.keyboard.press("Tab")
        reached.add(page.evaluate("document.activeElement.name || document.activeElement.tagName"))
        if page.evaluate("document.activeElement.value") == "error":
            page.keyboard.press("Space")
    assert {"severity", "revision", "table", "A", "BUTTON"} <= reached
    sync_api.expect(page.locator("#filter output")).to_have_text("3 of 6 findings")

    fold = page.locator("#r-aaa111 > summary")
    fold.focus()
    page.keyboard.press("Enter")
    assert fold.evaluate("each => each.parentElement.open")


def test_a_link_reveals_what_it_leads_to(visit: Open) -> None:
    """Something folded is opened, and something that the filter hides is shown again."""
    page = visit("rich", fragment="#r-aaa111")
    assert page.locator("#r-aaa111").evaluate("each => each.open")

    page.get_by_label("error", exact=True).uncheck()
    page.evaluate("location.hash = document.querySelector('.findings > li').id")
    page.wait_for_function("document.querySelectorAll('.findings > li:not([hidden])').length === 6")


def test_it_is_whole_without_javascript(visit: Open) -> None:
    """All findings and notes are there; the filter, which would do nothing, is not."""
    page = visit("rich", java_script_enabled=False)

    assert page.locator(".findings > li:visible").count() == 6
    assert page.locator("#filter:visible").count() == 0
    assert page.locator("#not-checked li:visible").count() == 1
    page.locator("#r-aaa111 > summary").click()
    assert page.locator("#r-aaa111 .facts").first.is_visible()


def test_colours_follow_the_system_and_the_button(visit: Open) -> None:
    """Dark where the system is dark, until the reader chooses otherwise."""
    page = visit("clean", color_scheme="dark")
    background = "getComputedStyle(document.body).backgroundColor"
    dark = page.evaluate(background)

    page.get_by_role("button", name="Light colours").click()
    light = page.evaluate(background)
    assert sum(map(int, dark[4:-1].split(","))) < 200 < 600 < sum(map(int, light[4:-1].split(",")))
    page.get_by_role("button", name="Dark colours").click()
    assert page.evaluate(background) == dark


def test_it_prints_on_white_without_controls(visit: Open) -> None:
    """Paper has neither a filter nor a dark ground, and keeps findings and marks."""
    page = visit("rich", color_scheme="dark")
    page.emulate_media(media="print")

    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    assert page.locator("#filter:visible, nav:visible").count() == 0
    assert page.locator(".findings > li:visible").count() == 6


def test_a_large_page_is_usable(visit: Open, pages: Path) -> None:
    """Many findings and revisions load, filter and overflow nowhere."""
    (pages / "large.html").write_text(render(large(2_000, 200)), encoding="utf-8")
    page = visit("large", 390)

    page.locator("#filter-revision").select_option(index=1)
    sync_api.expect(page.locator("#filter output")).to_have_text(re.compile(r"^\d\d? of 2,000 findings$"))
    assert 0 < page.locator(".findings > li:visible").count() < 100
    assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")
