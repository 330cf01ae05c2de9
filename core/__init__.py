"""What every app stands on: errors, actor, registry, text. No models here."""
