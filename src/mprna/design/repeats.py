"""Stretches of a sequence that occur twice, and stretches whose reverse complement occurs too.

A repeat is what gene synthesis and the tools before it call one: a word of so many nucleotides at two
positions, which may overlap (`Lmax` of the Non-Repetitive Parts Calculator, Hossain and others 2020;
`UniquifyAllKmers` of DNA Chisel). An inverted repeat is a word and, further on, its Watson-Crick reverse
complement: two strands of a helix, which only those of the target should be (sequence symmetry minimisation,
Seeman 1982).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from mprna.alphabet import reverse_complement

Match = tuple[int, int]
"""Where two words begin, the first before the second."""


def repeats(sequence: str, size: int) -> Iterator[Match]:
    """Each word that was there before, with the last time that it was.

    >>> list(repeats("ACGACGA", 4))
    [(0, 3)]
    """
    last: dict[str, int] = {}
    for start in range(len(sequence) - size + 1):
        word = sequence[start : start + size]
        if word in last:
            yield last[word], start
        last[word] = start


def inverted_repeats(sequence: str, size: int, partners: list[int]) -> Iterator[Match]:
    """Each word whose reverse complement comes later, without overlap and not all paired with it.

    Args:
        partners: of the target; -1 where unpaired.

    >>> list(inverted_repeats("GGCAAAAGCC", 3, [-1] * 10))
    [(0, 7)]
    """
    later: dict[str, list[int]] = {}
    for start in range(len(sequence) - 2 * size, -1, -1):
        end = start + size
        later.setdefault(sequence[end : end + size], []).append(end)
        for other in later.get(reverse_complement(sequence[start:end]), ()):
            if not _are_paired(start, other, size, partners):
                yield start, other
                break


def longest_repeat(sequence: str) -> int:
    """Nucleotides of the longest word that occurs twice.

    >>> longest_repeat("ACGUACG"), longest_repeat("AAAA"), longest_repeat("ACGU")
    (3, 3, 0)
    """
    return _longest(len(sequence) - 1, lambda size: any(True for _ in repeats(sequence, size)))


def longest_inverted_repeat(sequence: str, partners: list[int]) -> int:
    """Nucleotides of the longest word that could pair with another one, apart from the target's helices."""
    return _longest(
        len(sequence) // 2, lambda size: any(True for _ in inverted_repeats(sequence, size, partners))
    )


def _are_paired(start: int, other: int, size: int, partners: list[int]) -> bool:
    """Whether two words are the strands of one helix without bulges."""
    return all(partners[start + k] == other + size - 1 - k for k in range(size))


def _longest(most: int, occurs: Callable[[int], bool]) -> int:
    """The largest size that occurs, by bisection: whatever holds a long word holds a shorter one."""
    least = 0
    while least < most:
        middle = (least + most + 1) // 2
        least, most = (middle, most) if occurs(middle) else (least, middle - 1)
    return least
