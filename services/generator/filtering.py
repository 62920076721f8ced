"""Output filters: answers that are refused are drawn again, a limited number of times."""

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import replace

from prometheus_client import Counter

from seep.answers import lost
from seep.errors import Unavailable
from seep.languages import written_without_blanks
from seep.settings import OutputFilter
from seep.settings.patterns import compile_pattern
from services.generator.backend import Answered, Backend, Request, Result

REGENERATED = Counter("seep_filter_regenerations", "Answers drawn again because the filter refused them.", ["target"])
KEPT = Counter("seep_filter_kept", "Answers kept though refused, because the draws were used up.", ["target"])


def generate_filtered(
    backend: Backend, requests: Sequence[Request], filters: Mapping[str, OutputFilter]
) -> list[Result]:
    """By position; `filters` by target.

    Once the draws are used up the last answer stays, and is counted; at temperature 0 the first one does, as any other
    would be the same. A request that fails at a later draw fails, and those alone wait that find nobody there.
    """
    results = list(backend.generate(requests))
    for draw in range(1, max((each.max_regenerations for each in filters.values()), default=0) + 1):
        refused = _refused(results, requests, filters)
        again = [(at, samples) for at, samples in refused if _draws_again(requests[at], filters, draw)]
        if not again:
            break
        drawn = _drawn(backend, [_another_draw(requests[at], samples, draw) for at, samples in again])
        for (at, samples), result in zip(again, drawn, strict=True):
            REGENERATED.labels(requests[at].target).inc(len(samples))
            results[at] = _replaced(results[at], samples, result)
    for at, samples in _refused(results, requests, filters):
        KEPT.labels(requests[at].target).inc(len(samples))
    return results


def refuses(output_filter: OutputFilter, text: str, concept: str | None, language: str) -> bool:
    """Whether the filter lets the answer to a prompt, with this concept in it or none, not pass."""
    if output_filter.refuse is not None and compile_pattern(output_filter.refuse).search(text):
        return True
    return output_filter.refuse_concept and concept is not None and _contains(text, concept, language)


def _contains(text: str, concept: str, language: str) -> bool:
    text, concept = (unicodedata.normalize("NFKC", each).strip() for each in (text, concept))
    if written_without_blanks(language):
        return bool(concept) and concept.casefold() in text.casefold()
    words = r"\s+".join(map(re.escape, concept.split()))
    return re.search(rf"(?<!\w){words}(?!\w)", text, re.IGNORECASE) is not None


def _refused(
    results: Sequence[Result],
    requests: Sequence[Request],
    filters: Mapping[str, OutputFilter],
) -> list[tuple[int, list[int]]]:
    """The places of requests with refused samples, and which samples those are."""
    found = []
    for at, (result, request) in enumerate(zip(results, requests, strict=True)):
        if isinstance(result, Answered) and (chosen := filters.get(request.target)):
            samples = [
                number
                for number, each in enumerate(result.answers)
                # What is lost is no answer to refuse: drawn again, it would be lost without a trace.
                if not lost(each) and refuses(chosen, each.text, request.concept, request.language)
            ]
            found += [(at, samples)] if samples else []
    return found


def _draws_again(request: Request, filters: Mapping[str, OutputFilter], draw: int) -> bool:
    return request.decoding.temperature > 0 and filters[request.target].max_regenerations >= draw


def _drawn(backend: Backend, requests: Sequence[Request]) -> Sequence[Result]:
    try:
        return backend.generate(requests)
    except Unavailable as error:
        return [error] * len(requests)


def _another_draw(request: Request, samples: Sequence[int], draw: int) -> Request:
    return replace(request, samples=len(samples), draw=draw * request.samples)


def _replaced(before: Result, samples: Sequence[int], drawn: Result) -> Result:
    if not isinstance(drawn, Answered) or not isinstance(before, Answered):
        return drawn
    answers = list(before.answers)
    for sample, answer in zip(samples, drawn.answers, strict=True):
        answers[sample] = answer
    return Answered(tuple(answers), drawn.provenance)
