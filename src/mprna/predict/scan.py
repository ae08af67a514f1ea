"""What variants do to an RNA: to its likelihood under the language model, and to its structures."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from mprna.alphabet import clean_sequence
from mprna.errors import SequenceError, VariantError
from mprna.io.records import Record, as_record
from mprna.io.variants import ListedVariant
from mprna.predict.limits import too_long
from mprna.predict.scan_work import Query, VariantRequest, scan_queries
from mprna.predict.variant_effect import ScanOptions, VariantEffect
from mprna.rna.variants import Variant, check_variant, parse_variant, single_substitutions

__all__ = ["ScanOptions", "VariantEffect", "scan", "scan_records"]


def scan(
    sequence: str | Record,
    variants: str | Iterable[str] | None = None,
    options: ScanOptions | None = None,
    *,
    jobs: int = 1,
) -> list[VariantEffect]:
    """Effects of variants on one RNA.

    Args:
        sequence: RNA or DNA letters in any case, or a record.
        variants: one or many, as `A24G`, or `A24G+C30U` for two at once; by default all single substitutions.
        options: how to scan.
        jobs: processes. A script that asks for more than one must be importable: keep the call under
            `if __name__ == "__main__":`.

    Returns:
        One effect per variant, in their order; a variant that does not fit has its reason in `error`.

    Raises:
        SequenceError: empty, or no RNA.
        ModelError: no such model, or damaged files.
    """
    record = as_record(sequence)
    clean_sequence(record.sequence)
    variants = [variants] if isinstance(variants, str) else variants
    listed = None if variants is None else [ListedVariant(text) for text in variants]
    return list(scan_records([record], listed, options or ScanOptions(), jobs=jobs))


def scan_records(
    records: Iterable[Record],
    variants: Sequence[ListedVariant] | None = None,
    options: ScanOptions | None = None,
    *,
    jobs: int = 1,
) -> Iterator[VariantEffect]:
    """Effects by record and then by variant; what cannot be judged has its reason in `error`.

    Args:
        records: an RNA that cannot be read becomes one row.
        variants: by default all single substitutions. One that names an RNA belongs to all records of this
            name; where there is none, it comes last.
        options, jobs: as in `scan`.

    Raises:
        ModelError: no such model, or damaged files.
    """
    options = options or ScanOptions()
    return scan_queries(_queries(records, variants, options), options, jobs=jobs)


def _queries(
    records: Iterable[Record], variants: Sequence[ListedVariant] | None, options: ScanOptions
) -> Iterator[Query]:
    seen = set()
    for record in records:
        seen.add(record.name)
        try:
            sequence = _clean(record.sequence, options.max_length)
        except SequenceError as error:
            yield Query(record.name, "", [VariantRequest("", error=str(error))])
            continue
        if variants is None:
            requests = [_checked(variant, sequence) for variant in single_substitutions(sequence)]
        else:
            texts = (listed.text for listed in variants if listed.rna in (None, record.name))
            requests = [_parsed(text, sequence) for text in texts]
        yield Query(record.name, sequence, requests)
    for listed in variants or ():
        if listed.rna is not None and listed.rna not in seen:
            unknown = VariantRequest(listed.text, error="there is no RNA of this name", given=listed.text)
            yield Query(listed.rna, "", [unknown])


def _parsed(text: str, sequence: str) -> VariantRequest:
    """The request that a user wrote."""
    try:
        variant = parse_variant(text)
    except VariantError as error:
        return VariantRequest(text, error=str(error), given=text)
    return _checked(variant, sequence)._replace(given=text)


def _checked(variant: Variant, sequence: str) -> VariantRequest:
    """A variant, and whether it is one of this sequence."""
    try:
        check_variant(variant, sequence)
    except VariantError as error:
        return VariantRequest(str(variant), variant, str(error))
    return VariantRequest(str(variant), variant)


def _clean(sequence: str, max_length: int) -> str:
    clean = clean_sequence(sequence)
    if len(clean) > max_length:
        raise SequenceError(too_long(len(clean), max_length, "are scanned"))
    return clean
