"""Output filters: answers that are refused are drawn again, a limited number of times."""

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import replace

from prometheus_client import Counter

from seep.errors import Unavailable
from seep.languages import written_without_blanks
from seep.settings import OutputFilter
from services.generator.backend import Answer, Answered, Backend, Request

REGENERATED = Counter("seep_filter_regenerations", "Answers drawn again because the filter refused them.", ["target"])
KEPT = Counter("seep_filter_kept", "Answers kept though refused, because the draws were used up.", ["target"])


def generate_filtered(
    backend: Backend, requests: Sequence[Request], filters: Mapping[str, OutputFilter]
) -> list[Answered]:
    """By position; `filters` by target.

    Once the draws are used up the last answer stays, and is counted; at temperature 0 the first one does, as any other
    would be the same. A request that fails at a later draw fails, and those alone wait that find nobody there.
    """
    answers = list(backend.generate(requests))
    for draw in range(1, max((each.max_regenerations for each in filters.values()), default=0) + 1):
        refused = _refused(answers, requests, filters)
        again = [(at, samples) for at, samples in refused if _draws_again(requests[at], filters, draw)]
        if not again:
            break
        drawn = _drawn(backend, [_another_draw(requests[at], samples, draw) for at, samples in again])
        for (at, samples), answer in zip(again, drawn, strict=True):
            REGENERATED.labels(requests[at].target).inc(len(samples))
            answers[at] = _replaced(answers[at], samples, answer)
    for at, samples in _refused(answers, requests, filters):
        KEPT.labels(requests[at].target).inc(len(samples))
    return answers


def refuses(output_filter: OutputFilter, text: str, concept: str | None, language: str) -> bool:
    """Whether the filter lets the answer to a prompt, with this concept in it or none, not pass."""
    if output_filter.refuse is not None and output_filter.refuse.search(text):
        return True
    return output_filter.refuse_concept and concept is not None and _holds(text, concept, language)


def _holds(text: str, concept: str, language: str) -> bool:
    text, concept = (unicodedata.normalize("NFKC", each).strip() for each in (text, concept))
    if written_without_blanks(language):
        return bool(concept) and concept.casefold() in text.casefold()
    words = r"\s+".join(map(re.escape, concept.split()))
    return re.search(rf"(?<!\w){words}(?!\w)", text, re.IGNORECASE) is not None


def _refused(
    answers: Sequence[Answered],
    requests: Sequence[Request],
    filters: Mapping[str, OutputFilter],
) -> list[tuple[int, list[int]]]:
    """The places of requests with refused samples, and which samples those are."""
    found = []
    for at, (answer, request) in enumerate(zip(answers, requests, strict=True)):
        if isinstance(answer, Answer) and (chosen := filters.get(request.target)):
            refused = [refuses(chosen, text, request.concept, request.language) for text in answer.texts]
            samples = [number for number, each in enumerate(refused) if each]
            found += [(at, samples)] if samples else []
    return found


def _draws_again(request: Request, filters: Mapping[str, OutputFilter], draw: int) -> bool:
    return request.decoding.temperature > 0 and filters[request.target].max_regenerations >= draw


def _drawn(backend: Backend, requests: Sequence[Request]) -> Sequence[Answered]:
    try:
        return backend.generate(requests)
    except Unavailable as error:
        return [error] * len(requests)


def _another_draw(request: Request, samples: Sequence[int], draw: int) -> Request:
    return replace(request, samples=len(samples), draw=draw * request.samples)


def _replaced(before: Answered, samples: Sequence[int], drawn: Answered) -> Answered:
    if not isinstance(drawn, Answer) or not isinstance(before, Answer):
        return drawn
    texts = list(before.texts)
    for sample, text in zip(samples, drawn.texts, strict=True):
        texts[sample] = text
    return Answer(tuple(texts), drawn.provenance)
