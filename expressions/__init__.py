"""The language of SmartCRM: conditions, formulas and placeholders over plain values. No models here."""
