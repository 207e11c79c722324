"""Inspect sheet, read: what is read of the item as lines of letters, for the picture."""

from __future__ import annotations

from triptych.catalogue.records import Item
from triptych.cli.inspect_canvas import INK, MARGIN_PX, READING, RGB, SOFT, WIDTH_PX, Canvas, blank, cut, folded, say
from triptych.cli.inspect_reading import Reading
from triptych.cli.inspect_reading_words import cards_say, fields, reading_says

#: Lines of the plot, of triples of it, and of its cards; characters of a plot that can be shown at all.
PLOT, TRIPLES, CARDS, CHARACTERS = 5, 3, 8, 3000


def block(item: Item, told: Reading) -> Canvas:
    """uint8 ``[h, 1600, 3]``."""
    room = WIDTH_PX - 2 * MARGIN_PX
    lines: list[tuple[str, RGB]] = [(line, SOFT) for line in folded(reading_says(item, told), 12, room)]
    written = " - ".join(words for name, words in fields(item) if name not in ("Title", "Year"))
    if written:
        lines.append((cut(written, 12, room), INK))
    plot = folded(told.plot[:CHARACTERS], 12, room) if told.plot else []
    lines += [(line, INK) for line in plot[:PLOT]]
    if len(plot) > PLOT or len(told.plot) > CHARACTERS:
        lines.append(("...", SOFT))
    for edge in [one for one in told.triples if one.sentence][:TRIPLES]:
        lines.append((cut(f"{edge.head} - {edge.relation} > {edge.tail}", 12, room), READING))
    if told.cards is not None:
        lines.append((cards_say(told), SOFT))
        lines += [(cut(f"{one.text} ({one.kind})", 12, room), INK) for one in told.cards.lines[:CARDS]]
    canvas = blank(34 + 27 * len(lines) + 12)
    say(canvas, "Read", MARGIN_PX, 20, px=12)
    for k, (words, colour) in enumerate(lines):
        say(canvas, words, MARGIN_PX, 50 + 27 * k, px=12, colour=colour)
    return canvas
