"""From event to effect: expanding, claiming, executing, retrying."""
