"""What would a tired person misread on this page? Measured in the browser: what is cut, small or hard to hit."""

from collections.abc import Sequence
from pathlib import Path

from playwright.sync_api import FloatRect, Page
from pydantic import TypeAdapter

SMALLEST_TEXT = 15
SMALLEST_TARGET = 44
SMALLEST_ACCEPT = 64
SCREENSHOTS = Path(__file__).parents[2] / ".cache" / "screenshots"
AXE = Path(__file__).parents[2] / "dashboard" / "node_modules" / "axe-core" / "axe.min.js"

_MEASURE = """
async ({ text, target, accept }) => {
  // what watches its own size is drawn anew in the frame after a change
  for (let frame = 0; frame < 2; frame++) await new Promise((next) => requestAnimationFrame(next));
  const found = [];
  const named = (one) => `${one.tagName.toLowerCase()}.${one.className} “${one.textContent.trim().slice(0, 24)}”`;
  const shown = (one) => one.checkVisibility({ checkOpacity: true, checkVisibilityCSS: true })
    && one.closest('.for-ears, [inert]') === null;
  const modal = document.querySelector('dialog:modal');
  const all = [...(modal ?? document.body).querySelectorAll('*')].filter(shown);
  const words = (one) => [...one.childNodes].filter((node) => node.nodeType === 3 && node.data.trim() !== '');
  const written = all.filter((one) => words(one).length > 0);

  const root = document.documentElement;
  if (root.scrollWidth > root.clientWidth) {
    const wide = all.filter((one) => one.getBoundingClientRect().right > root.clientWidth + 0.5).slice(-3);
    found.push(`scrolls sideways by ${root.scrollWidth - root.clientWidth} px: ${wide.map(named).join(', ')}`);
  }

  for (const one of written) {
    const size = parseFloat(getComputedStyle(one).fontSize);
    if (size < text) found.push(`text of ${size} px: ${named(one)}`);
  }

  for (const one of all) {
    const flow = getComputedStyle(one).overflowX;
    const clips = flow === 'hidden' || flow === 'clip' || ['BUTTON', 'SELECT'].includes(one.tagName);
    const over = one.scrollWidth - one.clientWidth;
    if (clips && over > 1 && one.clientWidth > 0) found.push(`cut by ${over} px: ${named(one)}`);
  }

  for (const one of all.filter((each) => each.matches('a[href], button, input, select, textarea, summary'))) {
    const hit = one.matches('[type=radio], [type=checkbox]') ? one.closest('label') : one;
    const box = hit.getBoundingClientRect();
    const wanted = one.matches('.accept, .take, .big') ? accept : target;
    if (box.height < wanted - 0.5 || box.width < target - 0.5) {
      found.push(`target of ${Math.round(box.width)} × ${Math.round(box.height)} px: ${named(one)}`);
    }
  }

  const floats = (one) => one !== null
    && (['sticky', 'fixed', 'absolute'].includes(getComputedStyle(one).position) || floats(one.parentElement));
  const lines = written.filter((one) => !floats(one)).flatMap((one) => words(one).flatMap((node) => {
    const range = document.createRange();
    range.selectNodeContents(node);
    return [...range.getClientRects()].map((box) => ({ node, one, box }));
  }));
  const shared = (a, b, from, to) => Math.min(a.box[to], b.box[to]) - Math.max(a.box[from], b.box[from]);
  for (const [at, first] of lines.entries()) {
    for (const second of lines.slice(at + 1)) {
      const low = Math.min(first.box.height, second.box.height);
      if (first.node === second.node || shared(first, second, 'left', 'right') < 2) continue;
      if (shared(first, second, 'top', 'bottom') < low / 2) continue;
      found.push(`one over the other: ${named(first.one)} and ${named(second.one)}`);
    }
  }
  return [...new Set(found)];
}
"""

_AXE = """
async (rules) => {
  const chosen = rules.length > 0 ? { runOnly: rules } : {};
  const { violations } = await axe.run(document, { ...chosen, resultTypes: ['violations'] });
  return violations
    .filter((one) => ['serious', 'critical'].includes(one.impact))
    .map((one) => `${one.id}: ${one.nodes.slice(0, 3).map((node) => node.target.join(' ')).join(', ')}`);
}
"""


def misreadable(page: Page) -> list[str]:
    """What is cut, smaller than people can read, or smaller than a thumb hits; empty when nothing is."""
    measures = {"text": SMALLEST_TEXT, "target": SMALLEST_TARGET, "accept": SMALLEST_ACCEPT}
    return TypeAdapter(list[str]).validate_python(page.evaluate(_MEASURE, measures))


def unreachable(page: Page, rules: Sequence[str] = ()) -> list[str]:
    """What axe-core calls serious or critical, such as contrast, names, roles; of all its rules, or of these."""
    if page.evaluate("typeof axe") == "undefined":
        page.evaluate(AXE.read_text("utf-8"))
    return TypeAdapter(list[str]).validate_python(page.evaluate(_AXE, list(rules)))


def photograph(page: Page, called: str) -> None:
    """A picture for people to look at: the page as it is scrolled, down to where a long list only repeats itself."""
    width, height = page.evaluate("[document.documentElement.clientWidth, document.documentElement.scrollHeight]")
    clip: FloatRect = {"x": 0, "y": 0, "width": width, "height": min(height, 1600)}
    page.screenshot(path=SCREENSHOTS / f"{called}.jpg", type="jpeg", quality=70, full_page=True, clip=clip)
