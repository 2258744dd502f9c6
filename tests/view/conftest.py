"""A small head that the studio's tests look at."""

import pytest
from tests.view.packages import lively_avatar, lively_stage

from incarnate.avatars.files import Stage
from incarnate.avatars.head import HeadAvatar


@pytest.fixture(scope="module")
def avatar() -> HeadAvatar:
    return lively_avatar(400)


@pytest.fixture(scope="module")
def stage(avatar: HeadAvatar) -> Stage:
    return lively_stage(avatar)
