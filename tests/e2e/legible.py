"""What a page's text looks like to weak eyes: contrast by WCAG 2.2 (AA) and the size of its letters."""

from __future__ import annotations

from playwright.sync_api import Page

# Text over pictures is left out (its ground is not a colour), and so is what is disabled, as the guideline has it.
FAINT = """() => {
    const rgb = text => {
        const parts = text.match(/[\\d.]+/g).map(Number), unit = text.startsWith('color(') ? 255 : 1;
        return [parts[0] * unit, parts[1] * unit, parts[2] * unit, parts.length > 3 ? parts[3] : 1];
    };
    const over = (top, below) => [0, 1, 2].map(i => top[i] * top[3] + below[i] * (1 - top[3])).concat([1]);
    const light = colour => {
        const linear = part => part <= .04045 ? part / 12.92 : ((part + .055) / 1.055) ** 2.4;
        const [r, g, b] = colour.map(part => linear(part / 255));
        return .2126 * r + .7152 * g + .0722 * b;
    };
    const ground = element => {
        const layers = [];
        for (let at = element; at; at = at.parentElement) layers.push(rgb(getComputedStyle(at).backgroundColor));
        return layers.reverse().reduce((below, top) => over(top, below), [255, 255, 255, 1]);
    };
    const faint = [];
    for (const element of document.querySelectorAll('.folio *')) {
        const own = [...element.childNodes].some(node => node.nodeType === 3 && node.textContent.trim());
        const style = getComputedStyle(element), box = element.getBoundingClientRect();
        if (!own || !box.width || !box.height || style.visibility === 'hidden' || style.clipPath !== 'none') continue;
        if (element.closest('.pic, :disabled, [aria-disabled=true], .sr, .skip')) continue;
        const back = ground(element), front = over(rgb(style.color), back);
        const [a, b] = [light(front), light(back)], ratio = (Math.max(a, b) + .05) / (Math.min(a, b) + .05);
        const size = parseFloat(style.fontSize), large = size >= 24 || (size >= 18.66 && Number(style.fontWeight) >= 700);
        if (ratio < (large ? 3 : 4.5) || size < 12) {
            faint.push(`${ratio.toFixed(2)} ${size}px ${style.color} on ${back.slice(0, 3)} ${element.outerHTML.slice(0, 120)}`);
        }
    }
    return faint;
}"""


def faint(page: Page) -> list[str]:
    """Texts that stand out from their ground by less than AA asks, or are smaller than 12 px."""
    found: list[str] = page.evaluate(FAINT)
    return found
