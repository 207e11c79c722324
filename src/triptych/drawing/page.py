"""Page: the shell that every page of Triptych stands in: one file, no script, no request; and its colours."""

from __future__ import annotations

from html import escape

from triptych.features.recipe import PANELS

#: Nothing is loaded from anywhere, and nothing runs.
POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'"

#: One colour for each panel, by day and by night.
PALETTE = """
:root { color-scheme: light dark; --ink: #1d1b19; --soft: #6a645c; --paper: #faf8f4; --card: #ffffff; --line: #e4ded4;
  --seeing: #b4492f; --hearing: #2f6f8f; --reading: #6d7f2c; }
@media (prefers-color-scheme: dark) { :root { --ink: #ece7df; --soft: #a39b8f; --paper: #191715; --card: #221f1c;
  --line: #37322c; --seeing: #e08468; --hearing: #74b3d1; --reading: #b3c46a; } }
"""
STYLE = """
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 76rem; padding: 2.5rem 1.25rem 5rem; background: var(--paper); color: var(--ink);
  font: 16px/1.55 ui-serif, Georgia, "Times New Roman", serif; }
h1 { font-size: 2.4rem; margin: 0; letter-spacing: -.02em; } h2 { margin: 3rem 0 .75rem; font-size: 1.35rem; }
h3 { margin: 0; font-size: 1.05rem; } p { margin: .4rem 0; max-width: 46rem; } .soft { color: var(--soft); }
small, table { font-family: ui-sans-serif, system-ui, sans-serif; font-size: .8rem; }
.hinge { display: flex; gap: 4px; margin: 1rem 0 1.5rem; font-family: ui-sans-serif, system-ui, sans-serif; }
.hinge span { flex: 1; font-size: .8rem; color: var(--soft); }
.hinge i { display: block; height: 6px; border-radius: 3px; }
.seeing { background: var(--seeing); } .hearing { background: var(--hearing); } .reading { background: var(--reading); }
summary { cursor: pointer; }
table.data { border-collapse: collapse; width: 100%; }
.data th { text-align: left; border-bottom: 2px solid var(--line); }
.data th, .data td { padding: .25rem .8rem .25rem 0; vertical-align: top; overflow-wrap: anywhere; }
.data tr + tr td { border-top: 1px solid var(--line); } .number { font-variant-numeric: tabular-nums; }
.scroll { max-height: 28rem; overflow: auto; border: 1px solid var(--line); border-radius: 8px; padding: .5rem 1rem; }
"""


def shell(title: str, body: str, *, style: str = "") -> str:
    """A whole page. ``body`` is HTML; ``style`` comes after what all pages share."""
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">'
        f'<meta name="viewport" content="width=device-width, initial-scale=1"><title>{escape(title)}</title>'
        f"<style>{PALETTE}{STYLE}{style}</style></head><body><main>{body}</main></body></html>\n"
    )


def hinge(*names: str) -> str:
    """The three colours side by side, each with its name; the panels' own unless others are given."""
    spans = "".join(
        f"<span><i class={panel}></i>{escape(name)}</span>" for panel, name in zip(PANELS, names or PANELS, strict=True)
    )
    return f'<div class="hinge">{spans}</div>'
