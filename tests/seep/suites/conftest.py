"""How hypothesis draws suites: every text that a suite may hold, quotes, line ends and emoji among them."""

from hypothesis import strategies as st

from seep.characters import UNSEEN
from seep.job_limits import MOST_SAMPLES
from seep.suites.schema import Suite, SuiteDecoding, SuiteFormat, SuiteJob, SuiteTest

SLUGS = st.from_regex(r"[a-z0-9-]{1,40}", fullmatch=True)
TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1).filter(str.strip)
NAMES = TEXTS.filter(lambda text: len(text) <= 100 and not UNSEEN.search(text.strip()))
CATEGORIES = st.text("abc12> é", min_size=1, max_size=100).filter(lambda text: text == text.strip())
USERS = st.builds("{}{{prompt}}{}".format, TEXTS, TEXTS).filter(lambda user: user.count("{prompt}") == 1)

st.register_type_strategy(SuiteTest, st.builds(SuiteTest, concept=NAMES, prompt=TEXTS, category=CATEGORIES))
st.register_type_strategy(
    SuiteJob,
    st.builds(
        SuiteJob,
        control=TEXTS,
        neutral=st.none() | TEXTS,
        tests=st.lists(st.from_type(SuiteTest), min_size=1, max_size=4).map(tuple),
    ),
)
st.register_type_strategy(
    SuiteDecoding,
    st.builds(
        SuiteDecoding,
        temperature=st.floats(0, 10),
        top_p=st.floats(0, 1, exclude_min=True),
        max_tokens=st.integers(1, 10_000),
        samples=st.integers(1, MOST_SAMPLES),
    ),
)
st.register_type_strategy(
    Suite,
    st.builds(
        Suite,
        name=SLUGS,
        version=NAMES,
        language=st.sampled_from(["en", "de", "zh"]),
        format=st.builds(SuiteFormat, kind=st.just("chat"), system=TEXTS, user=USERS),
        decoding=st.from_type(SuiteDecoding),
        jobs=st.lists(st.from_type(SuiteJob), min_size=1, max_size=4).map(tuple),
    ),
)
