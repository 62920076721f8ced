"""Monitors' tests as Prometheus gauges, read anew at every scrape; knows nothing of where they are kept."""

import logging
from collections.abc import Callable, Iterable

from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from results.storage.judgements import StreamRun

E_VALUE = ("seep_monitor_e_value", "Evidence that the monitor's runs changed since its baseline; 20 raises the alarm.")
ALARM = ("seep_monitor_alarm", "1 from the alarm on until the baseline is set anew, else 0.")


class MonitorCollector(Collector):
    """Gauges of the monitors that `states` returns; nothing while they cannot be read."""

    def __init__(self, states: Callable[[], Iterable[StreamRun]]) -> None:
        self._states = states

    def collect(self) -> list[GaugeMetricFamily]:
        """The gauges with their values."""
        try:
            states = list(self._states())
        except Exception as error:
            # Whatever it is, the service's other metrics must still be served.
            logging.getLogger(__name__).warning("no monitors at this scrape: %s", type(error).__name__)
            states = []
        e_value, alarm = self.describe()
        for state in states:
            if state.e_value is not None:
                e_value.add_metric([state.monitor], state.e_value)
            alarm.add_metric([state.monitor], float(state.alarm))
        return [e_value, alarm]

    def describe(self) -> list[GaugeMetricFamily]:
        """The gauges without values, so that registering needs no database."""
        return [GaugeMetricFamily(*gauge, labels=["monitor"]) for gauge in (E_VALUE, ALARM)]
