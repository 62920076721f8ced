"""A report as JUnit's XML, which every CI shows: a case per metric and category."""

import re
from xml.etree import ElementTree

from cli.rendering.output import counted
from cli.reports.gathering import Report, RunReport
from results.comparison import CellVerdict
from seep.characters import visible
from services.api.ui import words

# Characters that no XML may hold, escaped or not.
FORBIDDEN = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def as_junit(report: Report) -> str:
    """The file's text: drift is a failure, what was not measured or not compared an error, inconclusive is skipped."""
    root = ElementTree.Element("testsuites", name="seep")
    for of_run in report.runs:
        root.append(_suite(of_run, report.baseline or ""))
    ElementTree.indent(root)
    return ElementTree.tostring(root, encoding="unicode", xml_declaration=True) + "\n"


def _suite(of_run: RunReport, baseline: str) -> ElementTree.Element:
    comparison = of_run.comparison
    cases = [_case(cell, of_run, baseline) for cell in comparison.cells] if comparison else [_refused(of_run)]
    if comparison and comparison.reason:
        case = ElementTree.Element("testcase", classname=_xml(of_run.run.run_id), name="enough is there to compare")
        ElementTree.SubElement(case, "skipped", message=_xml(comparison.reason))
        cases.append(case)
    counts = {kind: str(sum(case.find(tag) is not None for case in cases)) for kind, tag in KINDS.items()}
    named = f"{of_run.run.run_id} against {baseline}"
    attributes = {"name": _xml(named), "tests": str(len(cases)), **counts}
    suite = ElementTree.Element("testsuite", attributes)
    suite.extend(cases)
    return suite


KINDS = {"failures": "failure", "errors": "error", "skipped": "skipped"}
OUTCOMES = {"drift": "failure", "not measured": "error", "inconclusive": "skipped"}


def _case(cell: CellVerdict, of_run: RunReport, baseline: str) -> ElementTree.Element:
    classname = _xml(f"{of_run.run.suite}.{cell.metric}")
    case = ElementTree.Element("testcase", classname=classname, name=_xml(cell.category))
    if cell.verdict in OUTCOMES:
        between = f"{words.points(cell.low)} to {words.points(cell.high)}"
        effect = f"{words.points(cell.effect)} points ({between}, adjusted p {words.p_value(cell.adjusted_p)})"
        size = f"{counted(cell.pairs, 'pair')} in {counted(cell.clusters, 'cluster')}"
        message = f"{cell.verdict}: {effect} against {baseline}, over {size}"
        ElementTree.SubElement(case, OUTCOMES[cell.verdict], message=_xml(message))
    return case


def _refused(of_run: RunReport) -> ElementTree.Element:
    case = ElementTree.Element("testcase", classname=_xml(of_run.run.suite), name="comparison with the baseline")
    ElementTree.SubElement(case, "error", message=_xml(of_run.refused or words.why_no_rate(of_run.run)))
    return case


def _xml(text: str) -> str:
    return FORBIDDEN.sub("\ufffd", visible(text))
