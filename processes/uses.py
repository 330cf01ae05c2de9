"""What else uses a stage: a registry into which the apps above register, so that none is removed under their feet."""

from core.registry import Extension, Registry


class StageUse(Extension):
    """One sort of thing that speaks of stages."""

    def names(self, stage_id: int) -> list[str]:
        """What people call the things that use the stage."""
        raise NotImplementedError


stage_uses: Registry[StageUse] = Registry("use of stages")
