"""A run as a picture: one line a node, one arrow a message, in SVG that any browser shows.

Why beside Mermaid: a picture needs no program to be read, in a report or on paper. It must not lay out anything that
the history does not say.
"""

from html import escape

from conformance.history import Decision, Delivery, History
from conformance.report.story import Values, events_of
from conformance.report.words import Language, word

LANE, STEP, TOP, LEFT = 170, 22, 60, 70
"""Pixels between lines, between events, above the first event, and before the first line."""
HONEST, FORGED, FINAL = "#1f4e79", "#b00020", "#1b5e20"


def svg(history: History, language: Language) -> str:
    """The run as an SVG document; a red arrow is a message that no honest copy of its signer would have sent."""
    events = events_of(history)
    width = 2 * LEFT + LANE * (history.plan.n - 1)
    height = TOP + STEP * (len(events) + 2)
    rows = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}" '
        'font-family="sans-serif" font-size="11">',
        f"<title>{escape(history.plan.engine)}</title>",
        '<defs><marker id="head" markerWidth="8" markerHeight="8" refX="7" refY="3" orient="auto">'
        '<path d="M0,0 L7,3 L0,6 z"/></marker></defs>',
        f'<rect width="{width}" height="{height}" fill="white"/>',
    ]
    for node in range(history.plan.n):
        liar = node in history.plan.faulty
        name = word("node", language, i=node) + (f" ({word('liar', language)})" if liar else "")
        colour = FORGED if liar else HONEST
        rows.append(f'<text x="{lane(node)}" y="24" text-anchor="middle" fill="{colour}">{escape(name)}</text>')
        rows.append(f'<line x1="{lane(node)}" y1="34" x2="{lane(node)}" y2="{height - 10}" stroke="#999"/>')
    names = Values(history)
    for number, event in enumerate(events):
        y = TOP + STEP * number
        rows += arrow(event, y, names) if isinstance(event, Delivery) else [decided(event, y, names, language)]
    return "\n".join([*rows, "</svg>", ""])


def lane(node: int) -> int:
    """Where a node's line stands."""
    return LEFT + LANE * node


def arrow(delivery: Delivery, y: int, names: Values) -> list[str]:
    """One message, with what it says above it."""
    colour = FORGED if delivery.forged else HONEST
    start, end = lane(delivery.src), lane(delivery.dst)
    dash = ' stroke-dasharray="5 3"' if delivery.forged else ""
    text = f"{delivery.kind} {names.name(delivery.value)}, h{delivery.height} r{delivery.round}"
    return [
        f'<line x1="{start}" y1="{y}" x2="{end}" y2="{y}" stroke="{colour}"{dash} marker-end="url(#head)"/>',
        f'<text x="{(start + end) // 2}" y="{y - 3}" text-anchor="middle" fill="{colour}">{escape(text)}</text>',
    ]


def decided(decision: Decision, y: int, names: Values, language: Language) -> str:
    """What became final, on the line of the node that reports it."""
    text = f"{word('final', language)} {names.name(decision.block.digest)} h{decision.height}"
    x = lane(decision.node)
    return (f'<g><rect x="{x - 45}" y="{y - 11}" width="90" height="15" rx="3" fill="#e8f5e9" stroke="{FINAL}"/>'
            f'<text x="{x}" y="{y}" text-anchor="middle" fill="{FINAL}">{escape(text)}</text></g>')  # fmt: skip
