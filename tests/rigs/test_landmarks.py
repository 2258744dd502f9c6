import pytest

from incarnate.rigs import landmarks as lists

SETS = {name: value for name, value in vars(lists).items() if name.startswith("MEDIAPIPE_")}


@pytest.mark.parametrize("name", SETS)
def test_indices_are_of_the_mesh_and_named_once(name: str) -> None:
    indices = SETS[name]
    assert len(set(indices)) == len(indices)
    assert min(indices) >= 0
    assert max(indices) < 478


def test_sets_have_the_sizes_they_state() -> None:
    assert len(lists.MEDIAPIPE_LIPS) == 40
    assert len(lists.MEDIAPIPE_EYES) == 32
    assert len(lists.MEDIAPIPE_BROWS) == 20
    assert len(lists.MEDIAPIPE_CONTOUR) == 36
    assert len(lists.IBUG68_FROM_MEDIAPIPE) == 68


def test_irises_are_the_last_ten_and_no_skin() -> None:
    assert sorted(lists.MEDIAPIPE_IRISES) == list(range(468, 478))
    skin = {index for name, value in SETS.items() if "IRIS" not in name for index in value}
    assert max(skin) < 468


def test_upper_and_lower_rows_meet_at_their_corners() -> None:
    for part in ("LIPS_OUTER", "LIPS_INNER", "LEFT_EYE", "RIGHT_EYE"):
        upper, lower = SETS[f"MEDIAPIPE_{part}_UPPER"], SETS[f"MEDIAPIPE_{part}_LOWER"]
        assert len(upper) == len(lower)
        assert (upper[0], upper[-1]) == (lower[0], lower[-1])
        assert not set(upper[1:-1]) & set(lower[1:-1])


def test_the_68_points_take_the_parts_they_name() -> None:
    ibug = lists.IBUG68_FROM_MEDIAPIPE
    assert set(ibug[17:22]) <= set(lists.MEDIAPIPE_RIGHT_BROW)
    assert set(ibug[22:27]) <= set(lists.MEDIAPIPE_LEFT_BROW)
    assert set(ibug[36:48]) <= set(lists.MEDIAPIPE_EYES)
    assert set(ibug[48:]) <= set(lists.MEDIAPIPE_LIPS)
    assert set(ibug[1:16]) <= set(lists.MEDIAPIPE_CONTOUR)
