"""Charsets as strangers name them. Python knows more codecs than may decode what a stranger sent.

Among those are some whose time grows with the square of the length (`punycode`: minutes for a megabyte), and some that
make text which can't be sent on (`utf-7`, `unicode_escape`: lone surrogates).
"""

import codecs
from typing import Final

_READ: Final = frozenset({
    "ascii", "utf-8", "utf-8-sig", "utf-16", "utf-16-be", "utf-16-le", "utf-32", "utf-32-be", "utf-32-le",
    *(f"iso8859-{part}" for part in (1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 13, 14, 15, 16)),
    *(f"cp{page}" for page in (437, 850, 866, 874, *range(1250, 1259))),
    "koi8-r", "koi8-u", "mac-roman", "big5", "gb2312", "gbk", "gb18030", "euc_jp", "euc_kr", "iso2022_jp", "shift_jis",
    "cp932", "cp949", "tis-620",
})  # fmt: skip


def readable_charset(name: str) -> str | None:
    """The codec of the charset called `name`, or None where there is none, or none that we decode with."""
    try:
        codec = codecs.lookup(name).name
    except (LookupError, ValueError):
        return None
    return codec if codec in _READ else None
