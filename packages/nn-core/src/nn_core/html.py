"""Tables for notebooks, which show what `_repr_html_` returns."""

from collections.abc import Iterable, Sequence


def html_table(rows: Sequence[Sequence[str]], *, left: int = 1, notes: Iterable[str] = ()) -> str:
    """Rows of text as a table, the first of them its header; then lines below it. Everything is escaped.

    left  how many columns are left-aligned; the others are numbers
    """
    from html import escape

    def row(cells: Sequence[str], tag: str) -> str:
        sides = ["left" if index < left else "right" for index in range(len(cells))]
        pairs = zip(cells, sides, strict=True)
        texts = [f'<{tag} style="text-align: {side}">{escape(cell)}</{tag}>' for cell, side in pairs]
        return f"<tr>{''.join(texts)}</tr>"

    head, *body = rows
    lines = [f"<thead>{row(head, 'th')}</thead>", "<tbody>", *(row(cells, "td") for cells in body), "</tbody>"]
    return "\n".join(["<table>", *lines, "</table>", *map(html_note, notes)])


def html_note(text: str) -> str:
    """A line of text, escaped."""
    from html import escape

    return f"<p>{escape(text)}</p>"


def indented(text: str, depth: int) -> str:
    """Text that stands further right, by non-breaking spaces."""
    return "\N{NO-BREAK SPACE}" * (4 * depth) + text
