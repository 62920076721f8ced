"""kill -9 of any of two replicas each, every few seconds: the others go on, and nothing is lost or there twice."""

import random
import time

from tests.faults.disturbed_service import Disturbance
from tests.faults.feed import Feed, two_of_each
from tests.faults.form import Form, Report
from tests.faults.progress import Watch, recorded
from tests.faults.questions import Questions
from tests.faults.verifier import Rows
from tests.stack import Stack

BETWEEN_KILLS = (5.0, 15.0)
# As long as a partition may take to move on.
LONGEST_PAUSE_SECONDS = 60.0
# A batch takes so much longer. Else they would take all processors for ten minutes, and other tests have none.
SLOW = Disturbance(handler_seconds=1.0)


def test_random_kills_leave_progress_between_them(
    stack: Stack, questions: Questions, expected: Rows, form: Form, report: Report
) -> None:
    draw = random.Random(17)
    feed, kills = Feed(stack, questions), 0
    with two_of_each(stack, SLOW) as replicas:
        feed.keep_up()
        stack.wait_for_jobs(feed.runs[0], 1)
        over = time.monotonic() + form.seconds_of_random_kills
        with Watch(lambda: recorded(stack)) as watch:
            while time.monotonic() < over:
                next_kill = time.monotonic() + draw.uniform(*BETWEEN_KILLS)
                while time.monotonic() < next_kill:
                    feed.keep_up()
                    time.sleep(0.25)
                victim = draw.choice(replicas)
                victim.kill()
                victim.start()
                kills += 1
        feed.assert_all_exact(expected)
    report(kills=kills, jobs=recorded(stack), longest_pause_s=round(watch.longest_pause, 1))
    assert watch.longest_pause < LONGEST_PAUSE_SECONDS
