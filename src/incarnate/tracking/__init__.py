"""From a talking-head video to a fitted rig."""
