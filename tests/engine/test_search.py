"""Exploring is the same every time; the smallest failure is small."""

import pytest
from hypothesis import strategies as st

from backproof.inputs.search import explore, seed_of, smallest

PAIRS = st.tuples(st.integers(0, 99), st.integers(0, 99))


def visited(name, count=50):
    """What an exploration of that name passes by."""
    found = []
    explore(PAIRS, found.append, name, count)
    return found


def test_a_name_leads_past_the_same_examples():
    """The same name and number give the same list; another name gives another."""
    assert visited("softmax") == visited("softmax")
    assert visited("softmax") != visited("relu")


def test_visits_as_many_examples_as_asked_for():
    """No more, and no fewer where the strategy has them."""
    assert len(visited("softmax", 50)) == 50


def test_a_seed_is_the_same_for_the_same_name():
    """It comes from the name alone, and not from Python's own salted hash."""
    assert seed_of("softmax") == 693561082
    assert seed_of("softmax") != seed_of("relu")


def test_shrinks_to_the_smallest_failure():
    """Of all pairs with a sum above 100 the shrinker leaves one that sums to 101."""
    found = smallest(PAIRS, lambda pair: sum(pair) > 100, "sum", 200)
    assert sum(found) == 101


def test_a_list_shrinks_to_what_is_needed():
    """One entry of 10 is the simplest list with anything above 9 in it."""
    lists = st.lists(st.integers(0, 99))
    assert smallest(lists, lambda entries: max(entries, default=0) > 9, "list", 200) == [10]


def test_finds_nothing_where_nothing_fails():
    """None says that every example passed."""
    assert smallest(PAIRS, lambda pair: sum(pair) > 198, "never", 100) is None


def test_a_failure_that_does_not_repeat_is_still_a_failure():
    """A candidate that answers differently each time leaves its last failure, and no error."""
    asked = []

    def now_and_then(pair):
        asked.append(pair)
        return len(asked) % 3 == 1

    assert smallest(PAIRS, now_and_then, "flaky", 30) in asked


def test_an_error_of_the_search_itself_is_not_swallowed():
    """A bug in the predicate is heard of."""

    def broken(pair):
        raise ZeroDivisionError(pair)

    with pytest.raises(ZeroDivisionError):
        smallest(PAIRS, broken, "broken", 10)
