"""How much of a card is used: time, operations of a forward, the rate of a bare product, the share of time busy."""

import time
from collections.abc import Callable, Sequence

import torch
from torch.profiler import ProfilerActivity, profile

from services.scorer.batches import Batch
from services.scorer.encoder import Encoder, default_device


def seconds(work: Callable[[], object]) -> float:
    """How long a piece of work takes, until the device has done its part."""
    _wait()
    start = time.perf_counter()
    work()
    _wait()
    return time.perf_counter() - start


def product_rate(dtype: torch.dtype, *, small: bool) -> float:
    """Operations a second of one large product, the best of ten: what no forward can be quicker than."""
    side = 256 if small else 8192
    one, other = (torch.randn(side, side, device=default_device(), dtype=dtype) for _ in range(2))
    torch.mm(one, other)
    return 2 * side**3 / min(seconds(lambda: torch.mm(one, other)) for _ in range(10))


def forward_operations(encoder: Encoder, batches: Sequence[Batch]) -> float:
    """Multiplications and additions of the tokens alone, without those of padding, by torch's own count."""
    from torch.utils.flop_counter import FlopCounterMode

    total = 0.0
    for batch in batches:
        exact = Batch(batch.ids[:1].cpu(), None, batch.lengths[:1])
        share = float(batch.lengths.sum()) / exact.ids.numel()
        with FlopCounterMode(display=False) as counter, torch.inference_mode():
            encoder.forward(Batch(exact.ids.to(default_device()), None, exact.lengths))
        total += counter.get_total_flops() * share
    return total


def busy_share(work: Callable[[], object]) -> float:
    """The part of a piece of work's time in which a kernel runs on the device; on a processor, an operator."""
    on_gpu = default_device().type == "cuda"
    activity = ProfilerActivity.CUDA if on_gpu else ProfilerActivity.CPU
    with profile(activities=[activity]) as profiled:
        spent = seconds(work)
    totals = profiled.key_averages()
    busy: float = sum(each.self_device_time_total if on_gpu else each.self_cpu_time_total for each in totals)
    return busy / 1e6 / spent


def _wait() -> None:
    if torch.cuda.is_available():
        torch.cuda.synchronize()
